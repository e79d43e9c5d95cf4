@testable import Delivery
import Synchronization
import TestSupport
import Testing

/// Requests gather while a batch is under way.
@Suite struct CoalescerTests {
    /// Lets batches through when the test says so, and remembers them.
    private actor Gate {
        private(set) var batches: [[Int]] = []
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isOpen = false

        func pass(_ batch: [Int]) async {
            batches.append(batch)
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        }

        func open() {
            isOpen = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    private struct Refused: Error {}

    @Test func aLoneRequestGoesAtOnce() async throws {
        let coalescer = Coalescer<Int, Int>(limit: 10) { $0.map { $0 * 2 } }
        #expect(try await coalescer.submit(1) == 2)
        #expect(try await coalescer.submit(2) == 4)
    }

    @Test func thoseThatComeMeanwhileGoTogetherUpToTheLimit() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(limit: 4) { batch in
            await gate.pass(batch)
            return batch.map { $0 * 2 }
        }
        let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { tasks in
            tasks.addTask { (0, try await coalescer.submit(0)) }
            try await eventually("the first is under way") { await gate.batches.count == 1 }
            for request in 1...10 { tasks.addTask { (request, try await coalescer.submit(request)) } }
            try await eventually("the others wait") { await coalescer.waitingCount == 10 }
            await gate.open()
            return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(answers == Dictionary(uniqueKeysWithValues: (0...10).map { ($0, $0 * 2) }))
        #expect(await gate.batches.map(\.count) == [1, 4, 4, 2])
        #expect(await gate.batches.joined().sorted() == Array(0...10))
    }

    @Test func whereCompanyIsAboutToComeItIsWaitedFor() async throws {
        let isComing = Mutex(true)
        let gate = Gate()
        await gate.open()
        let coalescer = Coalescer<Int, Int>(
            limit: 10, patience: .seconds(600), expectsMore: { isComing.withLock { $0 } }
        ) { batch in
            await gate.pass(batch)
            return batch
        }
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            tasks.addTask { try await coalescer.submit(1) }
            try await eventually("the first waits") { await coalescer.waitingCount == 1 }
            isComing.withLock { $0 = false }
            tasks.addTask { try await coalescer.submit(2) }
            try await tasks.waitForAll()
        }
        #expect(await gate.batches == [[1, 2]])
    }

    @Test func aFullBatchWaitsForNobody() async throws {
        let coalescer = Coalescer<Int, Int>(limit: 1, patience: .seconds(600), expectsMore: { true }) { $0 }
        #expect(try await coalescer.submit(1) == 1)
    }

    @Test func whoDoesNotComeIsNotWaitedForForLong() async throws {
        let coalescer = Coalescer<Int, Int>(limit: 10, patience: .milliseconds(1), expectsMore: { true }) { $0 }
        #expect(try await coalescer.submit(3) == 3)
    }

    @Test func anErrorIsItsBatchsAloneAndTheNextGoesOn() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(limit: 2) { batch in
            await gate.pass(batch)
            if batch.contains(13) { throw Refused() }
            return batch
        }
        await #expect(throws: Refused.self) {
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                tasks.addTask { try await coalescer.submit(13) }
                try await eventually("the first is under way") { await gate.batches.count == 1 }
                await gate.open()
                for try await _ in tasks {}
            }
        }
        #expect(try await coalescer.submit(14) == 14)
        let results = await withTaskGroup(of: Int?.self) { tasks in
            for request in [1, 2, 13, 3, 4, 5, 6] { tasks.addTask { try? await coalescer.submit(request) } }
            return await tasks.reduce(into: [Int]()) { if let answer = $1 { $0.append(answer) } }
        }
        // At most the one that shared the batch is lost with it.
        #expect(results.count >= 5)
        #expect(!results.contains(13))
    }
}
