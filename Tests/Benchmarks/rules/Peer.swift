import Foundation
import Model

/// The peer's process, which measures when it is told to.
final class Peer {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer: [UInt8] = []
    private(set) var version = ""

    init(python: String, program: String) throws {
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [program]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let worlds = (0..<Rules.worldCount).map { number in
            let (contact, event) = Rules.world(number)
            return JSON.object(["contact": contact, "event": event])
        }
        let rules = Rules.named.map { JSON.string($0.source) }
        try write(
            String(decoding: JSON.object(["rules": .array(rules), "worlds": .array(worlds)]).serialized, as: UTF8.self))
        version = try line()
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func measure(rule: Int, times: Int) throws -> Measurement {
        try write("\(rule) \(times)")
        let words = try line().split(separator: " ").compactMap { Int($0) }
        guard words.count == 2 else { throw PeerFault() }
        return Measurement(nanoseconds: Double(words[0]), evaluations: times * Rules.worldCount, trueCount: words[1])
    }

    private func write(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    private func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw PeerFault() }
            buffer += more
        }
    }
}

struct PeerFault: Error, CustomStringConvertible {
    var description: String { "the peer ended, or said something else than figures" }
}

/// What so many evaluations took of the processor, and how many were true.
struct Measurement {
    var nanoseconds: Double
    var evaluations: Int
    var trueCount: Int

    var perRule: Double { nanoseconds / Double(evaluations) }
    var trueShare: Double { Double(trueCount) / Double(evaluations) }
}
