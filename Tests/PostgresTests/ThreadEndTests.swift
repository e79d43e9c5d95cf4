import ConnectionThread
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A process that ends while threads do; each test in a process of its own.
@Suite(.timeLimit(.minutes(10))) struct ThreadEndTests {
    /// Something like libkrb5support, which leaves work to each thread's end and goes with the process.
    private enum Library {
        static let threadsAtTheirEnd = Atomic(0)
        /// The thread that ends the process, once it does.
        static let exiting = Atomic<pid_t>(0)

        /// Leaves a destructor to the calling thread. It lasts until the process ends and waits for it.
        static func leaveWorkToThisThread() {
            var key = pthread_key_t()
            pthread_key_create(&key) { _ in
                Library.threadsAtTheirEnd.add(1, ordering: .sequentiallyConsistent)
                while !Library.isWaitedFor { sched_yield() }
                Library.threadsAtTheirEnd.subtract(1, ordering: .sequentiallyConsistent)
            }
            pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
        }

        /// Whether the thread that ends the process sleeps (proc(5), stat).
        private static var isWaitedFor: Bool {
            let thread = exiting.load(ordering: .sequentiallyConsistent)
            guard thread != 0,
                let state = try? String(contentsOfFile: "/proc/self/task/\(thread)/stat", encoding: .utf8)
            else { return false }
            return state.contains(") S ")
        }

        /// Called by the thread that ends the process, before all else that it does.
        static func noteExit() {
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            let thread = link?.split(separator: "/").last.flatMap { pid_t($0) }
            exiting.store(thread ?? 0, ordering: .sequentiallyConsistent)
        }

        static func go() {
            if threadsAtTheirEnd.load(ordering: .sequentiallyConsistent) > 0 { abort() }
        }
    }

    private actor User {
        let thread: ConnectionThread

        init() throws { thread = try ConnectionThread(name: "uses-library") }

        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        func use() { Library.leaveWorkToThisThread() }
    }

    @Test func whatIsLeftToTheEndOfThreadsIsDoneBeforeLibrariesGo() async {
        await #expect(processExitsWith: .success) {
            // Before the first thread, as libraries are.
            atexit { Library.go() }
            let users = try (0..<3).map { _ in try User() }
            for user in users {
                await user.use()
                user.thread.shutdown()
            }
            try await eventually("a thread is at its end") {
                Library.threadsAtTheirEnd.load(ordering: .sequentiallyConsistent) > 0
            }
            // What is registered last runs first.
            atexit { Library.noteExit() }
        }
    }
}
