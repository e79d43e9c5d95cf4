import Foundation

/// Programs that are not ours.
enum Outside {
    /// What a program prints, on both streams or on the first alone. Off the cooperative pool, which a blocking read would
    /// starve. Throws where it cannot be run, or fails.
    static func run(
        _ executable: String, _ arguments: [String], input: Data = Data(), withErrors: Bool = false
    ) async throws -> Data {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result { try runNow(executable, arguments, input: input, withErrors: withErrors) })
            }
        }
    }

    private static func runNow(
        _ executable: String, _ arguments: [String], input: Data, withErrors: Bool
    ) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = withErrors ? stdout : FileHandle.nullDevice
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: input)
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        return output
    }
}

/// A folder that is there for the length of a test.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loods-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
