import Foundation

/// The files of cards. They are read and written beside the threads that all tasks share, which must not wait for a disk.
enum CardFiles {
    private static let queue = DispatchQueue(label: "loods.cards", attributes: .concurrent)

    /// What folders of cards under way are called: with the process that makes them, since their cards bear addresses and go
    /// when it has died.
    private static let prefix = "loods-card-"

    static func work<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { done in
            queue.async { done.resume(with: Result(catching: body)) }
        }
    }

    /// A folder for one card, which is not there yet.
    static func freshFolder() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("\(prefix)\(getpid())-\(UUID().uuidString)")
    }

    /// Removes, once in a process and before it makes its first card, what others left that were killed at it.
    static func clean() async { try? await work { _ = isClean } }

    private static let isClean: Void = clean(FileManager.default.temporaryDirectory)

    /// Removes the folders of processes that are no more, and of one before that had this one's number.
    static func clean(_ folder: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
            guard name.hasPrefix(prefix), let process = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }),
                process > 0, process == getpid() || (kill(process, 0) != 0 && errno == ESRCH)
            else { continue }
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }
}
