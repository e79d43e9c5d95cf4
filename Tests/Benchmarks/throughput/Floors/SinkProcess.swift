import Foundation

/// ``HTTPSink`` in a process of its own, so that its time is counted apart and no event loop is shared.
final class SinkProcess {
    static let argument = "sink"

    let address: Address
    let processes: ProcessGroup
    private let process = Process()
    private let input = Pipe()

    init() throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [Self.argument]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), port > 0 else {
            throw MeasurementFault("the bare HTTP server did not start")
        }
        address = Address(host: "127.0.0.1", port: port)
        processes = ProcessGroup(name: "bare HTTP server", roots: [process.processIdentifier])
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
