import Foundation

/// A wall clock that a test puts forward and back under running processes; see `Tests/CJumpingClock`.
public final class JumpingClock: Sendable {
    private let file = FileManager.default.temporaryDirectory
        .appendingPathComponent(TestEnvironment.uniqueName("loods-clock-"))

    /// A clock that is right.
    public init() throws {
        try Data(count: 8).write(to: file)
    }

    deinit { try? FileManager.default.removeItem(at: file) }

    /// Environment of a process that lives by this clock.
    public func environment() throws -> [String: String] {
        ["LD_PRELOAD": try ServiceProcess.executable("libJumpingClock.so").path, "LOODS_TEST_CLOCK": file.path]
    }

    /// Puts it so many seconds before the host's clock, or, if negative, behind.
    public func jump(by seconds: Int64) throws {
        // Into the file that is there, which processes have mapped.
        let handle = try FileHandle(forWritingTo: file)
        try withUnsafeBytes(of: seconds) { try handle.write(contentsOf: Data($0)) }
        try handle.close()
    }
}
