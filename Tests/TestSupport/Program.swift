import Foundation

/// A program that is run to its end, without holding up a thread of Swift's own.
public enum Program {
    /// What a program left behind.
    public struct Result: Sendable {
        public var status: Int32
        /// All that it wrote, errors too.
        public var output: String
    }

    /// Runs `command`, its first word found on the search path.
    ///
    /// - Parameter environment: all that it sees; nil is what this process has.
    public static func run(_ command: [String], environment: [String: String]? = nil) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: TestEnvironment.uniqueName("loods-run-"))
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.environment = environment ?? ProcessInfo.processInfo.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            end.yield($0.terminationStatus)
            end.finish()
        }
        try process.run()
        try output.close()
        // A task of its own: a cancelled test still waits for what it has begun.
        let status = await Task { await ends.first { _ in true } ?? -1 }.value
        return Result(status: status, output: String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    /// The same, for what must succeed; answers what it wrote.
    @discardableResult
    public static func check(_ command: [String], environment: [String: String]? = nil) async throws -> String {
        let result = try await run(command, environment: environment)
        guard result.status == 0 else {
            throw TestSupportError("\(command.first ?? "") ended with \(result.status): \(result.output.suffix(2_000))")
        }
        return result.output
    }
}
