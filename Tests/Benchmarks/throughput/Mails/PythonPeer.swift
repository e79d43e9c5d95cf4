import Foundation

/// The peer's process, which lets orders in when it is told to, and says when their mails are sent.
final class PythonPeer: Sendable {
    let processes: ProcessGroup
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// - Parameter command: the interpreter and what it runs.
    init(_ command: [String]) throws {
        guard let program = command.first else { throw MeasurementFault("LOODS_BENCH_PEER names no program") }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = Array(command.dropFirst())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        processes = ProcessGroup(name: "python", roots: [process.processIdentifier])
    }

    /// Once it is ready.
    func versions() async throws -> String { try await line() }

    /// Lets so many orders in; returns once it says that all of their mails were taken.
    func mail(_ label: String, _ count: Int) async throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(label) \(count)\n".utf8))
        guard try await line() == "\(count)" else { throw MeasurementFault("the peer in Python said something odd") }
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private func line() async throws -> String {
        let handle = output.fileHandleForReading
        return try await onThread {
            let data = handle.availableData
            guard !data.isEmpty else { throw MeasurementFault("the peer in Python has ended") }
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
