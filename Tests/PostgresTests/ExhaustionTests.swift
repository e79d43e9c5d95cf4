import ConnectionThread
import Foundation
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

/// A process without file descriptors or threads to spare; each test in a process of its own.
@Suite(.timeLimit(.minutes(10))) struct ExhaustionTests {
    @Test func withoutADescriptorNoThreadIsStarted() async {
        await #expect(processExitsWith: .success) {
            let before = try ConnectionThread(name: "before")
            let limit = limitDescriptors(to: 3)
            for _ in 0..<10 {
                let failure = #expect(throws: ConnectionThread.StartFailure.self) { try ConnectionThread(name: "none") }
                #expect(failure?.number == EMFILE)
            }
            limitDescriptors(to: limit)
            _ = try ConnectionThread(name: "after")
            before.shutdown()
        }
    }

    @Test func withoutAThreadNoneIsStartedAndLateJobsStillRun() async {
        await #expect(processExitsWith: .success) {
            let pinned = try ConnectionThreadTests.Pinned(name: "ends-soon")
            await pinned.note(1)
            pinned.thread.shutdown()
            try await eventually("the thread has ended") { ConnectionThreadTests.threads(named: "ends-soon") == 0 }
            await makeAllThreads()
            // It would wait for ever, were one lacking after all.
            alarm(60)
            // The limit is not root's.
            if getuid() == 0 { #expect(setuid(65_534) == 0) }
            var one = rlimit(rlim_cur: 1, rlim_max: 1)
            #expect(setrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &one) == 0)
            let descriptors = openDescriptors()
            let failure = #expect(throws: ConnectionThread.StartFailure.self) { try ConnectionThread(name: "none") }
            #expect(failure?.number == EAGAIN && openDescriptors() == descriptors)
            for number in 2...100 { await pinned.note(number) }
            #expect(await pinned.seen == Array(1...100))
            #expect(!pinned.thread.isCurrent)
        }
    }

    @Test func aPoolWithoutDescriptorsIsAwayUntilThereAreSome() async {
        await #expect(processExitsWith: .success) {
            let pool = try Server.pool(size: 2)
            let running = Task { try await pool.run() }
            try await eventually("the first connection") { pool.state == .available }
            let limit = limitDescriptors(to: 3)
            // One of the two is open and serves all.
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await pool.withConnection { try $0.query("select \(number)")[0].decode(Int.self) }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 190)
            let other = try Server.pool(size: 1)
            let error = try await postgresError { try await other.withConnection { _ in } }
            #expect(error.code == .connection && error.isTransient && other.state != .available)
            limitDescriptors(to: limit)
            try await eventually("a connection") { (try? await other.withConnection { _ in }) != nil }
            #expect(other.state == .available)
            await other.close()
            running.cancel()
            try await running.value
        }
    }
}

/// Has the runtime make as many threads as there are processors: where it lacks one, it waits for ever to be given it.
private func makeAllThreads() async {
    let count = ProcessInfo.processInfo.activeProcessorCount
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<count {
            group.addTask {
                tasksBegun.add(1, ordering: .relaxed)
                while tasksBegun.load(ordering: .relaxed) < count {}
            }
        }
    }
}

/// How many tasks of ``makeAllThreads()`` have begun.
private let tasksBegun = Atomic(0)

/// Returns the limit before.
@discardableResult private func limitDescriptors(to number: rlim_t) -> rlim_t {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = number
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return before
}

private func openDescriptors() -> Int {
    (0..<1_024).count { fcntl(Int32($0), F_GETFD) >= 0 }
}
