import Foundation
import TestSupport

/// A program of the machine's own, run to its end.
public enum SystemProgram {
    public struct Result: Sendable {
        /// 124 where it took too long.
        public var status: Int32
        /// All that it wrote, wherever to.
        public var output: [UInt8]

        public var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// Runs a program, found by its path or the search path; coreutils' `timeout` ends it after `seconds`.
    ///
    /// No proxy of the environment stands between it and this machine.
    public static func run(_ command: String..., seconds: Int) async throws -> Result {
        try await run(command, seconds: seconds)
    }

    /// The same, the command being a list.
    public static func run(_ command: [String], seconds: Int) async throws -> Result {
        let log = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-program-"))
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "\(seconds)"] + command
        process.environment = ProcessInfo.processInfo.environment
            .merging(["NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let status = try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { ended.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        try output.close()
        return Result(status: status, output: Array(try Data(contentsOf: log)))
    }
}
