import Contracts
import Model
import Synchronization
import Testing

@testable import Ingestion

private final class CountingStamp: GroupStamp {
    private let state = Mutex((departed: [UniqueID](), abandoned: [UniqueID]()))
    var departed: [UniqueID] { state.withLock { $0.departed } }
    var abandoned: [UniqueID] { state.withLock { $0.abandoned } }

    func depart(_ bodies: [UniqueID]) async throws -> Timestamp {
        state.withLock { $0.departed += bodies }
        return Timestamp(iso8601: "1997-01-01T00:00:00Z")!
    }

    func abandon(_ bodies: [UniqueID]) async { state.withLock { $0.abandoned += bodies } }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}

@Suite struct EventGroupsTests {
    private let sink = RecordingSink()

    /// Sends as a client does: again, until it is taken.
    private func stored(by groups: EventGroups, _ draft: DraftEvent) async throws {
        while true {
            do { return try await groups.submit([draft]) } catch let error as EdgeError where error.code == .unavailable
            {
                await Task.yield()
            }
        }
    }

    @Test func aSenderIsAnsweredAfterTheConfirmAndNotBefore() async throws {
        sink.answer(.hold)
        let groups = groups(sink)
        let isAnswered = Flag()
        try await publishing(groups) {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask {
                    try await groups.submit([draft("1")])
                    isAnswered.set()
                }
                await sink.attempted(1)
                #expect(!isAnswered.isSet)
                sink.release()
                try await tasks.waitForAll()
            }
        }
        #expect(isAnswered.isSet)
        #expect(sink.events.map(\.eventID) == ["1"])
        #expect(sink.events.map(\.at) == [receipt])
    }

    @Test func whatComesWhileAGroupIsUnconfirmedGoesTogether() async throws {
        sink.answer(.hold)
        let groups = groups(sink)
        try await publishing(groups) {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await groups.submit([draft("first")]) }
                await sink.attempted(1)
                for index in 0..<50 { #expect(groups.offer(draft("\(index)"))) }
                sink.release()
                try await tasks.waitForAll()
            }
        }
        #expect(sink.bodies.map(\.events.count) == [1, 50])
        #expect(sink.bodies.last?.events.map(\.eventID) == (0..<50).map(String.init))
    }

    @Test func whatFillsBodiesGoesBesideWhatIsUnconfirmed() async throws {
        sink.answer(.hold)
        let groups = groups(sink) { $0.plenty = 10_000 }
        try await publishing(groups) {
            #expect(groups.offer(draft("first")))
            await sink.attempted(1)
            #expect(groups.offer(draft("2", bytes: 5_000)))
            #expect(groups.offer(draft("3", bytes: 5_000)))
            await sink.attempted(2)
            #expect(groups.offer(draft("last")))
            sink.release()
        }
        #expect(sink.bodies.map { $0.events.map(\.eventID) }.contains(["2", "3"]))
        #expect(Set(sink.events.map(\.eventID)) == ["first", "2", "3", "last"])
    }

    @Test func aGroupIsSplitIntoBodiesThatFitAFrame() async throws {
        let groups = groups(sink)
        try await publishing(groups) {
            try await groups.submit((0..<100).map { draft("\($0)", bytes: 10_000) })
        }
        #expect(sink.bodies.count > 7)
        for body in sink.bodies { #expect(body.encoded.count <= 131_064) }
        #expect(Set(sink.events.map(\.eventID)) == Set((0..<100).map(String.init)))
        #expect(Set(sink.bodies.map(\.id)).count == sink.bodies.count)
    }

    @Test func theSameBytesAreTriedAgainWhileTheBrokerIsAway() async throws {
        sink.answer(.fail)
        let groups = groups(sink)
        try await publishing(groups) {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await groups.submit([draft("1")]) }
                await sink.attempted(3)
                sink.answer(.confirm)
                try await tasks.waitForAll()
            }
        }
        #expect(sink.events.map(\.eventID) == ["1"])
    }

    @Test func aSenderIsRefusedWhenPatienceEnds() async throws {
        sink.answer(.fail)
        let groups = groups(sink) { $0.patience = .milliseconds(5) }
        try await publishing(groups) {
            await #expect { try await groups.submit([draft("1")]) } throws: { ($0 as? EdgeError)?.code == .unavailable }
            sink.answer(.confirm)
            try await groups.submit([draft("2")])
        }
        #expect(sink.events.map(\.eventID) == ["2"])
    }

    @Test func whatNobodyWaitsForIsKeptUntilTheBrokerIsBack() async throws {
        sink.answer(.fail)
        let groups = groups(sink) { $0.patience = .milliseconds(100) }
        try await publishing(groups) {
            #expect(groups.offer(draft("click")))
            // More attempts than one group's patience allows.
            await sink.attempted(300)
            sink.answer(.confirm)
            try await stored(by: groups, draft("2"))
        }
        #expect(Set(sink.events.map(\.eventID)) == ["click", "2"])
    }

    /// Behind a group that is tried for long, and behind clicks that are kept, nobody waits for longer than his patience.
    @Test(.timeLimit(.minutes(10))) func whoWaitsInLineIsRefusedWhenPatienceEnds() async throws {
        sink.answer(.hold)
        let groups = groups(sink) {
            $0.patience = .milliseconds(40)
            $0.group = 1_000
        }
        try await publishing(groups) {
            #expect(groups.offer(draft("click")))
            await sink.attempted(1)
            // The click's group is with a broker that says nothing, for as long as the test likes.
            for _ in 0..<3 {
                await #expect { try await groups.submit([draft("1")]) } throws: {
                    ($0 as? EdgeError)?.code == .unavailable
                }
            }
            sink.release()
            try await stored(by: groups, draft("2"))
        }
        // The click first; the other at least once, since a slow machine may have ended its patience before.
        #expect(sink.events.first?.eventID == "click")
        #expect(Set(sink.events.dropFirst().map(\.eventID)) == ["2"])
    }

    @Test func sendersThatWaitAreBoundedAndClicksAreNot() async throws {
        sink.answer(.hold)
        let groups = groups(sink) { $0.senders = 1 }
        try await publishing(groups) {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await groups.submit([draft("1")]) }
                await sink.attempted(1)
                await #expect { try await groups.submit([draft("2")]) } throws: {
                    ($0 as? EdgeError)?.code == .unavailable
                }
                #expect(groups.offer(draft("click")))
                sink.release()
                try await tasks.waitForAll()
            }
            try await groups.submit([draft("3")])
        }
        #expect(Set(sink.events.map(\.eventID)) == ["1", "click", "3"])
    }

    @Test func memoryIsBounded() async throws {
        sink.answer(.hold)
        let groups = groups(sink) { $0.held = 10_000 }
        try await publishing(groups) {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await groups.submit([draft("1", bytes: 8000)]) }
                await sink.attempted(1)
                #expect(!groups.offer(draft("2", bytes: 8000)))
                await #expect { try await groups.submit([draft("3", bytes: 8000)]) } throws: {
                    ($0 as? EdgeError)?.code == .unavailable
                }
                sink.release()
                try await tasks.waitForAll()
            }
            try await groups.submit([draft("4", bytes: 8000)])
        }
        #expect(sink.events.map(\.eventID) == ["1", "4"])
    }

    @Test func shutdownPublishesWhatIsLeftAndTakesNoMore() async throws {
        let groups = groups(sink)
        #expect(groups.offer(draft("1")))
        groups.end()
        await #expect(throws: EdgeError.self) { try await groups.submit([draft("2")]) }
        try await groups.run()
        #expect(sink.events.map(\.eventID) == ["1"])
    }

    @Test func inSteppedTimeAGroupSharesOneInstantReadOnce() async throws {
        let stamp = CountingStamp()
        let groups = groups(sink, stamp: stamp)
        try await publishing(groups) { try await groups.submit([draft("1"), draft("2")]) }
        #expect(sink.events.map(\.at.description) == ["1997-01-01T00:00:00Z", "1997-01-01T00:00:00Z"])
        #expect(sink.events.allSatisfy { $0.at == $0.receivedAt })
        #expect(stamp.departed == sink.bodies.map(\.id))
        #expect(stamp.abandoned.isEmpty)
    }

    @Test func bodiesGivenUpAreNotWaitedFor() async throws {
        sink.answer(.fail)
        let stamp = CountingStamp()
        let groups = groups(sink, stamp: stamp) { $0.patience = .zero }
        try await publishing(groups) {
            _ = await #expect(throws: EdgeError.self) { try await groups.submit([draft("1")]) }
        }
        #expect(stamp.departed.count == 1)
        #expect(stamp.abandoned == stamp.departed)
    }
}
