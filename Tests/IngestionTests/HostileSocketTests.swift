import Contracts
import Foundation
import Logging
import Model
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport

@testable import Ingestion

/// Hostile requests over real connections: each answered with an error that names the fault, while a neighbour on another
/// connection is unharmed.
@Suite(.timeLimit(.minutes(10))) struct HostileSocketTests {
    private static let track = "{\"userId\":\"u\",\"event\":\"E\"}"
    private static let login = "Authorization: Basic c2VydmVyOg==\r\n"

    private static func post(_ headers: String, _ body: String = track, path: String = "/v1/track") -> [UInt8] {
        Array("POST \(path) HTTP/1.1\r\nHost: edge.test\r\n\(login)\(headers)\r\n\(body)".utf8)
    }

    private static func gzip(_ body: [UInt8], encoding: String = "gzip") -> [UInt8] {
        post("Content-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n", "") + body
    }

    struct Attack: Sendable {
        var name: String
        var bytes: [UInt8]
        /// The answer's status, and what its body says; nil where no answer can be due.
        var status: Int?
        var says: String
        /// Whether the client ends its side after the last byte.
        var leaves = false

        init(_ name: String, _ bytes: [UInt8], _ status: Int?, _ says: String = "malformed", leaves: Bool = false) {
            self.name = name
            self.bytes = bytes
            self.status = status
            self.says = says
            self.leaves = leaves
        }

        init(_ name: String, _ text: String, _ status: Int?, _ says: String = "malformed", leaves: Bool = false) {
            self.init(name, Array(text.utf8), status, says, leaves: leaves)
        }
    }

    static let malformed: [Attack] = [
        Attack("no HTTP", "GARBAGE\r\n\r\n", 400),
        Attack("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        Attack(
            "TLS",
            [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + Array(repeating: 7, count: 500), 400),
        Attack("NULs", Array(repeating: 0, count: 4096), 400),
        Attack("another version", "GET / HTTP/9.9\r\n\r\n", 400, "version"),
        Attack("a method of its own", "FETCH /v1/track HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Attack("a header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400, "header"),
        Attack("a space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400, "header"),
        Attack("NUL in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400, "header"),
        Attack("a lone CR in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rSet-Cookie: b\r\n\r\n", 400),
        Attack("a length that is none", post("Content-Length: ten\r\n"), 400, "length"),
        Attack("a negative length", post("Content-Length: -1\r\n"), 400, "length"),
        Attack("two lengths", post("Content-Length: 5\r\nContent-Length: 30\r\n"), 400, "length"),
        Attack("a length beside chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
        Attack("chunks not last", post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400),
        Attack(
            "a chunk without a size", post("Transfer-Encoding: chunked\r\n", "ZZ\r\nabc\r\n0\r\n\r\n"), 400, "chunk"),
        Attack("a chunk beyond all", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\nabc"), 400, "chunk"),
    ]

    static let floods: [Attack] = [
        Attack(
            "101 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + (0..<101).map { "X\($0): y\r\n" }.joined() + "\r\n", 431,
            "headers_too_large"),
        Attack(
            "a long field", "GET / HTTP/1.1\r\nX: \(String(repeating: "y", count: 20_000))\r\n\r\n", 431,
            "headers_too_large"),
        Attack(
            "a field without end", "GET / HTTP/1.1\r\nX: \(String(repeating: "y", count: 200_000))", 431,
            "headers_too_large"),
        Attack(
            "many fields that are long together",
            "GET / HTTP/1.1\r\n" + (0..<90).map { "X\($0): \(String(repeating: "y", count: 300))\r\n" }.joined(), 431,
            "headers_too_large"),
        Attack(
            "a name without end", "GET / HTTP/1.1\r\n" + String(repeating: "x", count: 200_000), 431,
            "headers_too_large"),
        Attack("a path without end", "GET /\(String(repeating: "p", count: 200_000))", 431, "headers_too_large"),
    ]

    static let bodies: [Attack] = [
        Attack("more than is taken", post("Content-Length: 512001\r\n"), 413, "512000 bytes"),
        Attack("a length of all memory", post("Content-Length: 18446744073709551615\r\n"), 413, "512000 bytes"),
        Attack(
            "chunks without end",
            post("Transfer-Encoding: chunked\r\n", "")
                + (0..<20).flatMap { _ in Array("8000\r\n\(String(repeating: " ", count: 32_768))\r\n".utf8) }, 413,
            "512000 bytes"),
        Attack("shorter than it says, and gone", post("Content-Length: 1000\r\n"), nil, leaves: true),
        Attack("chunks that break off", post("Transfer-Encoding: chunked\r\n", "1a\r\n\(track)"), nil, leaves: true),
        Attack("longer than it says", post("Content-Length: 5\r\nConnection: close\r\n"), 400),
        Attack("no JSON", post("Content-Length: 7\r\nConnection: close\r\n", "{\"a\":1x"), 400, "not JSON"),
        Attack("an array", post("Content-Length: 2\r\nConnection: close\r\n", "[]"), 400, "not a JSON object"),
        Attack(
            "too deep", post("Content-Length: 200000\r\nConnection: close\r\n", String(repeating: "[", count: 200_000)),
            400, "not a JSON object"),
        Attack("brotli", gzip(Array(track.utf8), encoding: "br"), 415, "plain or gzip"),
        Attack("zstd", gzip(Array(track.utf8), encoding: "zstd"), 415, "plain or gzip"),
        Attack(
            "gzip twice, and says so", gzip(gzipped(gzipped(Array(track.utf8))), encoding: "gzip, gzip"), 415,
            "plain or gzip"),
        Attack("gzip twice, and does not", gzip(gzipped(gzipped(Array(track.utf8)))), 400, "malformed"),
        Attack("a bomb", gzip(gzipped(Array(repeating: 0, count: 10_000_000))), 413, "too_large"),
        Attack(
            "a bomb of blanks", gzip(gzipped(Array("{\"a\":".utf8) + Array(repeating: 0x20, count: 10_000_000))), 413,
            "too_large"),
        Attack("cut gzip", gzip(Array(gzipped(Array(track.utf8)).dropLast(9))), 400, "gzip"),
        Attack("gzip and more", gzip(gzipped(Array(track.utf8)) + [1]), 400, "gzip"),
        Attack("no gzip", gzip(Array(track.utf8)), 400, "gzip"),
        Attack("empty gzip", gzip([]), 400, "gzip"),
    ]

    enum Kind: CaseIterable {
        case malformed, floods, bodies

        var attacks: [Attack] {
            switch self {
            case .malformed: HostileSocketTests.malformed
            case .floods: HostileSocketTests.floods
            case .bodies: HostileSocketTests.bodies
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func eachIsToldItsFaultAndNeighboursAreUnharmed(kind: Kind) async throws {
        let edge = TestEdge()
        let attacks = kind.attacks
        try await edge.listening { port in
            let neighbour = try await RawConnection(port: port)
            for attack in attacks {
                let answer: String
                do {
                    answer = try await RawConnection.answer(to: attack.bytes, port: port, leaves: attack.leaves)
                } catch {
                    Issue.record("\(attack.name): \(error)")
                    continue
                }
                if let status = attack.status {
                    #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(attack.name): \(answer.prefix(300))")
                    #expect(answer.contains("{\"code\":\""), "\(attack.name): \(answer.prefix(500))")
                    #expect(answer.contains(attack.says), "\(attack.name): \(answer.suffix(300))")
                    #expect(answer.matches(of: /HTTP\/1\.1 [123]/).isEmpty, "\(attack.name): \(answer)")
                } else {
                    #expect(!answer.contains(" 200 "), "\(attack.name): \(answer)")
                }
                let well = try await neighbour.exchange(Self.post("Content-Length: \(Self.track.utf8.count)\r\n"))
                #expect(well.hasPrefix("HTTP/1.1 200 "), "after \(attack.name): \(well)")
            }
            try await neighbour.close()
            // A group may be published again; an event has its id for that.
            #expect(Set(edge.sink.events.map(\.eventID)).count == attacks.count, "only the neighbour's events came in")
        }
    }

    /// Two hundred connections that send a head and no more hold up nobody.
    @Test func idleConnectionsHoldUpNobody() async throws {
        let edge = TestEdge()
        try await edge.listening { port in
            var idle: [RawConnection] = []
            for _ in 0..<200 {
                let connection = try await RawConnection(port: port)
                try await connection.send(Self.post("Content-Length: 100\r\n", "{"))
                idle.append(connection)
            }
            let neighbour = try await RawConnection(port: port)
            let well = try await neighbour.exchange(Self.post("Content-Length: \(Self.track.utf8.count)\r\n"))
            #expect(well.hasPrefix("HTTP/1.1 200 "))
            try await neighbour.close()
            for connection in idle { try await connection.close() }
        }
    }

    /// Whoever pipelines gets its answers in order, and each request is its own.
    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let edge = TestEdge()
        try await edge.listening { port in
            let good = Self.post("Content-Length: \(Self.track.utf8.count)\r\n")
            let bad = Self.post("Content-Length: 2\r\n", "[]")
            let last = Self.post("Content-Length: \(Self.track.utf8.count)\r\nConnection: close\r\n")
            let answers = try await RawConnection.answer(to: good + bad + last, port: port)
            let statuses = answers.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["200", "400", "200"])
            #expect(edge.sink.events.count == 2)
        }
    }

    /// What is no HTTP behind a sound request takes nothing from its answer.
    @Test func nonsenseBehindARequestIsAnsweredAfterIt() async throws {
        let edge = TestEdge()
        edge.sink.answer(.hold)
        try await edge.listening { port in
            async let answers = RawConnection.answer(
                to: Self.post("Content-Length: \(Self.track.utf8.count)\r\n") + Array("GARBAGE\r\n\r\n".utf8),
                port: port)
            await edge.sink.attempted(1)
            edge.sink.release()
            let statuses = try await answers.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["200", "400"])
        }
    }

    /// CR and LF in whatever an answer's header could repeat: no header comes of it.
    @Test(arguments: [
        "/c/%0d%0aSet-Cookie:%20a=b", "/o/%0d%0aSet-Cookie:%20a=b", "/u/x%0d%0a%0d%0a<script>",
        "/%0d%0aLocation:%20//evil",
        "/c/1.k1.AA%0d%0aX.AA", "/v1/track%0d%0aSet-Cookie:a=b",
    ])
    func noAnswersHeaderRepeatsTheRequest(path: String) async throws {
        let edge = TestEdge()
        try await edge.listening { port in
            let answer = try await RawConnection.answer(
                to: Array("GET \(path) HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n".utf8), port: port)
            let head = answer.components(separatedBy: "\r\n\r\n")[0].lowercased()
            for word in ["set-cookie", "location:", "evil", "script"] { #expect(!head.contains(word), "\(head)") }
            #expect(!answer.contains("<script"))
        }
    }
}

extension TestEdge {
    /// Serves on a port of the loopback interface for as long as `body` runs.
    func listening(_ body: @escaping @Sendable (_ port: Int) async throws -> Void) async throws {
        let groups = groups(sink) { $0.patience = .milliseconds(500) }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "edge") { _ in PortReader(port: port) }
        let edge = try edge(groups: groups, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: groups), .init(service: edge)], logger: silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                do {
                    for await port in ports {
                        try await body(port)
                        break
                    }
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }
}

/// Reads from the edge's log on which port it listens.
private struct PortReader: LogHandler {
    let port: AsyncStream<Int>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(port: AsyncStream<Int>.Continuation) { self.port = port }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard let address = event.metadata?["address"], let colon = "\(address)".lastIndex(of: ":"),
            let number = Int("\(address)"[colon...].dropFirst())
        else { return }
        port.yield(number)
    }
}

/// A connection on which a test sends what it likes.
struct RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    init(port: Int) async throws {
        let inbox = Inbox()
        self.inbox = inbox
        channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { $0.pipeline.addHandler(InboxHandler(inbox)) }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func close() async throws { try? await channel.close().get() }

    /// Sends a request and waits for one whole answer.
    func exchange(_ bytes: [UInt8]) async throws -> String {
        try await send(bytes)
        try await eventually("an answer comes") { inbox.isAnswered || inbox.isOver }
        return inbox.take()
    }

    /// All that comes until the server ends the connection, or has answered what is no request.
    static func answer(to bytes: [UInt8], port: Int, leaves: Bool = false) async throws -> String {
        let connection = try await RawConnection(port: port)
        // A server that answers early may close before all is sent.
        try? await connection.send(bytes)
        if leaves { try? await connection.channel.close(mode: .output).get() }
        try await eventually("the server ends the connection") { connection.inbox.isOver }
        try await connection.close()
        return connection.inbox.take()
    }
}

private final class Inbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isOver = false
    }

    private let state = Mutex(State())

    func add(_ bytes: [UInt8]) { state.withLock { $0.bytes += bytes } }
    func end() { state.withLock { $0.isOver = true } }

    var isOver: Bool { state.withLock { $0.isOver } }

    /// Whether a head has come, and with it all that its length says.
    var isAnswered: Bool {
        let text = String(decoding: state.withLock { $0.bytes }, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n"),
            let length = text[..<end.lowerBound].firstMatch(of: /(?i)content-length: (\d+)/)
        else { return false }
        return text[end.upperBound...].utf8.count >= Int(length.1) ?? 0
    }

    func take() -> String {
        state.withLock { state in
            defer { state.bytes = [] }
            return String(decoding: state.bytes, as: UTF8.self)
        }
    }
}

private final class InboxHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.add(Array(unwrapInboundIn(data).readableBytesView))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { inbox.end() }
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.end()
        context.close(promise: nil)
    }
}
