import Foundation
import Logging
import Synchronization
import Testing

@testable import ServiceRuntime

private final class Lines: Sendable {
    private let lines = Mutex<[[UInt8]]>([])
    func add(_ line: [UInt8]) { lines.withLock { $0.append(line) } }
    var all: [[UInt8]] { lines.withLock { $0 } }

    func objects() throws -> [[String: Any]] {
        try all.map { try #require(JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]) }
    }
}

@Suite struct JSONLogHandlerTests {
    private let lines = Lines()

    private func logger(_ level: Logger.Level = .info) -> Logger {
        Logger(label: "scoring") { [lines] in
            JSONLogHandler(service: "scoring", label: $0, level: level) { lines.add($0) }
        }
    }

    @Test func anEntryIsOneObjectOnOneLine() throws {
        logger().warning(
            "broker is away\n\"quoted\"\u{1}", metadata: ["host": "mq\\1", "attempt": .stringConvertible(3)])
        let line = try #require(lines.all.first)
        #expect(line.last == 0x0A)
        #expect(line.count { $0 == 0x0A } == 1)
        let object = try #require(try lines.objects().first)
        #expect(object["level"] as? String == "warning")
        #expect(object["service"] as? String == "scoring")
        #expect(object["message"] as? String == "broker is away\n\"quoted\"\u{1}")
        #expect(object["host"] as? String == "mq\\1")
        #expect(object["attempt"] as? Int == 3)
        let time = try #require(object["ts"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test func metadataNests() throws {
        logger().info("x", metadata: ["list": ["a", "b"], "map": ["k": "v"], "message": "mine"])
        let object = try #require(try lines.objects().first)
        #expect(object["list"] as? [String] == ["a", "b"])
        #expect(object["map"] as? [String: String] == ["k": "v"])
        #expect(object["message"] as? String == "x")
        #expect(object["message_"] as? String == "mine")
    }

    @Test func theLoggersOwnMetadataIsOverriddenByTheEntrys() throws {
        var logger = logger()
        logger[metadataKey: "a"] = "1"
        logger[metadataKey: "b"] = "1"
        logger.info("x", metadata: ["b": "2"])
        let object = try #require(try lines.objects().first)
        #expect(object["a"] as? String == "1")
        #expect(object["b"] as? String == "2")
    }

    @Test func lowerLevelsAreNotWritten() {
        logger(.warning).info("x")
        #expect(lines.all.isEmpty)
    }
}
