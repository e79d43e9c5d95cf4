import ConnectionThread
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite struct ConnectionThreadTests {
    /// An actor as a driver writes one.
    actor Pinned {
        let thread: ConnectionThread
        var seen: [Int] = []
        var threads: Set<UInt> = []
        var causes: [ConnectionThread.ReadyCause] = []
        var received: [UInt8] = []

        init(name: String = "pinned") throws(ConnectionThread.StartFailure) {
            thread = try ConnectionThread(name: name)
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

        func note(_ number: Int) {
            seen.append(number)
            threads.insert(pthread_self())
        }

        func block(on semaphore: DispatchSemaphore) {
            semaphore.wait()
        }

        func watch(_ descriptor: Int32, timeout: Duration?) {
            thread.watch(fileDescriptor: descriptor, timeout: timeout) { [weak self] cause in
                self?.assumeIsolated { $0.serve(cause, descriptor) }
            }
        }

        func unwatch() {
            thread.unwatch()
        }

        private func serve(_ cause: ConnectionThread.ReadyCause, _ descriptor: Int32) {
            threads.insert(pthread_self())
            causes.append(cause)
            guard case .readable = cause else { return }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(descriptor, &bytes, 64)
            received += bytes.prefix(max(0, count))
        }
    }

    @Test func jobsRunInOrderOnOneThread() async throws {
        let pinned = try Pinned()
        let gate = DispatchSemaphore(value: 0)
        async let blocked: Void = pinned.block(on: gate)
        gate.signal()
        await blocked
        for number in 0..<1_000 { await pinned.note(number) }
        #expect(await pinned.seen == Array(0..<1_000))
        #expect(await pinned.threads.count == 1)
        #expect(await pinned.threads.contains(pthread_self()) == false)
    }

    @Test func tasksFromManyThreadsAllRunOnIt() async throws {
        let pinned = try Pinned()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<2_000 { group.addTask { await pinned.note(number) } }
        }
        #expect(await pinned.seen.sorted() == Array(0..<2_000))
        #expect(await pinned.threads.count == 1)
    }

    @Test func aWatchedDescriptorIsServedWhileIdleAndWhileBusy() async throws {
        let pinned = try Pinned()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        await pinned.watch(ends[0], timeout: nil)
        #expect(write(ends[1], "abc", 3) == 3)
        try await eventually("three bytes") { await pinned.received == Array("abc".utf8) }
        for number in 0..<100 { await pinned.note(number) }
        #expect(write(ends[1], "d", 1) == 1)
        try await eventually("the fourth byte") { await pinned.received == Array("abcd".utf8) }
        await pinned.unwatch()
        #expect(write(ends[1], "e", 1) == 1)
        await pinned.note(100)
        #expect(await pinned.received == Array("abcd".utf8))
        #expect(await pinned.threads.count == 1)
        close(ends[0])
        close(ends[1])
    }

    @Test func theHookRunsWhenTheTimeoutPassesEvenUnderLoad() async throws {
        let pinned = try Pinned()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        await pinned.watch(ends[0], timeout: .milliseconds(5))
        try await eventually("three time-outs while idle") { await pinned.causes.count >= 3 }
        let before = await pinned.causes.count
        let end = ContinuousClock.now + .milliseconds(100)
        while ContinuousClock.now < end { await pinned.note(0) }
        #expect(await pinned.causes.count > before)
        await pinned.unwatch()
        close(ends[0])
        close(ends[1])
    }

    @Test func afterShutdownTheThreadEndsAndLateJobsStillRun() async throws {
        let pinned = try Pinned(name: "ends-soon")
        await pinned.note(1)
        #expect(Self.threads(named: "ends-soon") == 1)
        pinned.thread.shutdown()
        try await eventually("the thread has ended") { Self.threads(named: "ends-soon") == 0 }
        await pinned.note(2)
        #expect(await pinned.seen == [1, 2])
        try await eventually("the late thread has ended") { Self.threads(named: "ends-soon") == 0 }
    }

    @Test func theThreadEndsWithItsActor() async throws {
        do {
            let pinned = try Pinned(name: "left-alone")
            await pinned.note(1)
        }
        try await eventually("the thread has ended") { Self.threads(named: "left-alone") == 0 }
    }

    @Test func blockedThreadsDoNotHinderTheRest() async throws {
        let gate = DispatchSemaphore(value: 0)
        let blocked = try (0..<8).map { _ in try Pinned() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pinned in blocked { group.addTask { await pinned.block(on: gate) } }
            let free = try Pinned()
            for number in 0..<100 { await free.note(number) }
            for _ in blocked { gate.signal() }
        }
    }

    static func threads(named name: String) -> Int {
        let tasks = "/proc/self/task"
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return ids.count { id in
            (try? String(contentsOfFile: "\(tasks)/\(id)/comm", encoding: .utf8)) == name + "\n"
        }
    }
}
