import Model
import Store
import Synchronization
import Testing

@testable import Ingestion

/// What was shown is noted by one at a time, however many report it.
@Suite struct ShownDeskTests {
    private static func shown(_ number: Int) -> SiteMessages.Shown {
        SiteMessages.Shown(message: .derived("test", "\(number)"), contact: SiteMessageRouteTests.anne)
    }

    /// What the store is told, and a gate before it.
    private final class Writes: Sendable {
        let batches = Mutex<[[SiteMessages.Shown]]>([])
        let (opened, gate) = AsyncStream.makeStream(of: Void.self)
        let (begun, begins) = AsyncStream.makeStream(of: Void.self)

        func write(_ batch: [SiteMessages.Shown]) async {
            batches.withLock { $0.append(batch) }
            begins.yield()
            for await _ in opened { break }
        }
    }

    @Test func whatComesMeanwhileIsWrittenTogether() async throws {
        let writes = Writes()
        let desk = ShownDesk { await writes.write($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await desk.note(Self.shown(0)) }
            for await _ in writes.begun { break }
            // The first is in hand: all others are left to its writer, as far as there is room.
            for number in 1...ShownDesk.capacity { #expect(try await desk.note(Self.shown(number))) }
            #expect(try await desk.note(Self.shown(-1)) == false)
            writes.gate.yield()
            writes.gate.yield()
            try await group.waitForAll()
        }
        let batches = writes.batches.withLock { $0 }
        #expect(batches.map(\.count) == [1, ShownDesk.capacity])
        #expect(batches.flatMap { $0 } == (0...ShownDesk.capacity).map(Self.shown))
        writes.gate.yield()
        try await desk.note(Self.shown(-1))
        #expect(writes.batches.withLock { $0.count } == 3)
    }

    @Test func whatCannotBeWrittenStopsNobody() async throws {
        struct Away: Error {}
        let isAway = Mutex(true)
        let written = Mutex(0)
        let desk = ShownDesk { batch in
            if isAway.withLock({ $0 }) { throw Away() }
            written.withLock { $0 += batch.count }
        }
        await #expect(throws: Away.self) { try await desk.note(Self.shown(1)) }
        isAway.withLock { $0 = false }
        #expect(try await desk.note(Self.shown(2)))
        #expect(written.withLock { $0 } == 1)
    }
}
