import ConnectionThread
import Glibc
import Synchronization
import TestSupport
import Testing

/// A process that ends while threads do; each test in a process of its own.
@Suite(.timeLimit(.minutes(10))) struct ThreadEndTests {
    /// Something like libkrb5support, which leaves work to each thread's end and goes with the process.
    private enum Library {
        static let threadsAtTheirEnd = Atomic(0)
        static let hasBeenLeftWork = Atomic(false)

        /// Leaves a destructor to the calling thread, one that gives the process time to end meanwhile.
        static func leaveWorkToThisThread() {
            var key = pthread_key_t()
            pthread_key_create(&key) { _ in
                Library.threadsAtTheirEnd.add(1, ordering: .sequentiallyConsistent)
                Library.hasBeenLeftWork.store(true, ordering: .sequentiallyConsistent)
                usleep(200_000)
                Library.threadsAtTheirEnd.subtract(1, ordering: .sequentiallyConsistent)
            }
            pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
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
                Library.hasBeenLeftWork.load(ordering: .sequentiallyConsistent)
            }
        }
    }
}
