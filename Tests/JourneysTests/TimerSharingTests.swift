import Journeys
import Messaging
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

/// Many schedulers share what is due.
@Suite struct TimerSharingTests {
    /// Contacts with a run whose timer is due.
    private static func due(_ count: Int, _ bench: Bench) async throws {
        let users = (0..<count).map { "user \($0)" }
        let signals = try await bench.happens("Signed Up", "s", to: users)
        for start in stride(from: 0, to: count, by: 500) {
            try await bench.journeys.apply(signals[start..<min(start + 500, count)], arriving: [], lane: .live)
        }
        try await bench.database.pool.withTransaction { try DomainClock.step(to: Bench.start + .days(10), in: $0) }
    }

    private static func dueTimers(_ session: PostgresSession) throws -> Int64 {
        try session.query("select count(*) from timers where due_at <= clock_time()")[0][0, as: Int64.self]
    }

    @Test func aSchedulerLeavesWhatOthersHoldAndTakesTheRest() async throws {
        try await Bench.with { bench in
            try await Self.due(40, bench)
            let (holder, scheduler) = (try bench.database.pool(connections: 1), try await bench.scheduler())
            let firing = Mutex<Task<Int, any Error>?>(nil)
            try await holder.withTransaction { session in
                let now = try DomainClock.read(in: session)
                try Contacts.lock(try Timers.dueContacts(at: now, limit: 10, in: session), in: session)
                firing.withLock { $0 = Task { try await scheduler.fireTimers(page: 10) } }
                try session.wait("others have fired theirs") { try Self.dueTimers(session) == 10 }
            }
            #expect(try await firing.withLock { $0 }?.value == 30)
        }
    }

    @Test func whatOthersHoldIsLeftToThem() async throws {
        try await Bench.with { bench in
            try await Self.due(10, bench)
            let (holder, scheduler) = (try bench.database.pool(connections: 1), try await bench.scheduler())
            let firing = Mutex<Task<Int, any Error>?>(nil)
            let answered = Flag()
            try await holder.withTransaction { session in
                let now = try DomainClock.read(in: session)
                try Contacts.lock(try Timers.dueContacts(at: now, limit: 10, in: session), in: session)
                firing.withLock {
                    $0 = Task {
                        defer { answered.raise() }
                        return try await scheduler.fireTimers(page: 10)
                    }
                }
                try session.wait("it has been answered") { answered.isRaised }
            }
            #expect(try await firing.withLock { $0 }?.value == 0)
            #expect(try await scheduler.fireTimers(page: 10) == 10)
        }
    }

    @Test func twoSchedulersShareTwoThousandDueContacts() async throws {
        try await Bench.with { bench in
            let schedulers = [try await bench.scheduler(), try await bench.scheduler()]
            // Both are connected before there is anything to share.
            for scheduler in schedulers { #expect(try await scheduler.fireTimers() == 0) }
            try await Self.due(2000, bench)
            let shares = try await withThrowingTaskGroup(of: Int.self) { group in
                for scheduler in schedulers {
                    group.addTask {
                        var share = 0
                        while try await bench.hasDueTimers() { share += try await scheduler.fireTimers(page: 20) }
                        return share
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(shares.reduce(0, +) == 2000)
            #expect(shares.allSatisfy { $0 > 0 }, "\(shares)")
            #expect(Set(try await bench.runs()) == ["onboarding waiting for goal end"])
            // The wait's timer was the first, the goal's is the second: nothing was stepped twice.
            #expect(try await bench.texts("select distinct version::text from runs") == ["2"])
            #expect(try await bench.texts("select count(*)::text from timers") == ["2000"])
        }
    }
}

private final class Flag: Sendable {
    private let raised = Mutex(false)
    var isRaised: Bool { raised.withLock { $0 } }
    func raise() { raised.withLock { $0 = true } }
}
