import Contracts
import Laboratory
import Model
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Transit

@testable import Ingestion

/// The clocks and the store of all processes, as a test has them.
private final class Surroundings: Sendable {
    struct Away: Error {}

    enum Store: Sendable {
        case answers
        case isAway
        /// It books, and the answer is lost.
        case losesAnswers
    }

    private struct State {
        var passed = Duration.zero
        var store = Store.answers
    }

    private let state = Mutex(State())
    private let start: Timestamp
    private let origin = ContinuousClock.now

    init(start: Timestamp) { self.start = start }

    /// The real store does not fail by itself.
    func mustAnswer<R>(_ body: () async throws -> R) async throws -> R {
        do { return try await body() } catch {
            Issue.record(error)
            throw error
        }
    }

    var store: Store {
        get { state.withLock { $0.store } }
        set { state.withLock { $0.store = newValue } }
    }

    var now: ContinuousClock.Instant { state.withLock { origin + $0.passed } }
    var machineNow: Timestamp { state.withLock { start + Span(microseconds: $0.passed.milliseconds * 1000) } }
    func pass(_ duration: Duration) { state.withLock { $0.passed += duration } }
}

/// Several ingest processes on one store, under a clock that the test moves.
private struct Processes: Sendable {
    let surroundings: Surroundings
    let limits: [SharedLimits]

    init(_ count: Int, on pool: PostgresPool, start: Timestamp = receipt) {
        let surroundings = Surroundings(start: start)
        self.surroundings = surroundings
        limits = (0..<count).map { _ in
            let edge = UniqueID.random()
            return SharedLimits(
                clock: MachineClock { surroundings.machineNow }, now: { surroundings.now }, logger: silent,
                exchange: { rates, quotas, machineNow in
                    if surroundings.store == .isAway { throw Surroundings.Away() }
                    let answer = try await surroundings.mustAnswer {
                        try await pool.withTransaction { session in
                            SharedLimits.Answer(
                                rates: try KeyAllowances.exchange(rates, machineNow: machineNow, in: session),
                                quotas: try QuotaUse.exchange(quotas, machineNow: machineNow, in: session),
                                processes: try Edges.attend(edge, machineNow: machineNow, in: session))
                        }
                    }
                    if surroundings.store == .losesAnswers { throw Surroundings.Away() }
                    return answer
                })
        }
    }

    func pass(_ duration: Duration) { surroundings.pass(duration) }

    func exchange() async { for limits in limits { await limits.exchangeNow() } }

    /// Offers events to one process; answers how many it took in.
    func offer(_ events: Int, of key: WriteKey, to index: Int) -> Int {
        do throws(EdgeError) {
            try limits[index].take(events, of: key)
            return events
        } catch {
            return 0
        }
    }

    /// Offers to all, every tenth of a second, what `batch` says; answers how much came in.
    func play(_ seconds: Int, of key: WriteKey, _ batch: () -> Int) async -> Int {
        var accepted = 0
        for tick in 0..<seconds * 10 {
            for index in limits.indices {
                for _ in 0..<5 { accepted += offer(batch(), of: key, to: index) }
                // Each in a moment of its own, as processes have it.
                if tick % 10 == index % 10 { await limits[index].exchangeNow() }
            }
            pass(.milliseconds(100))
        }
        return accepted
    }
}

@Suite struct SharedLimitsTests {
    private func key(_ name: String = "k", workspace: Int32 = 1, rate: Int64? = nil, quota: EventQuota = EventQuota())
        -> WriteKey
    {
        WriteKey(workspace: WorkspaceID(rawValue: workspace), name: name, trust: .server, rate: rate, quota: quota)
    }

    @Test(arguments: [(1, 100), (2, 100), (3, 40), (5, 1000)])
    func processesKeepARateTogether(count: Int, rate: Int) async throws {
        try await TestDatabase.with { database in
            let processes = Processes(count, on: database.pool)
            var random = Dice(seed: UInt64(count))
            await processes.exchange()
            let seconds = 20
            // Three times what may come, in batches of up to a tenth of it.
            let accepted = await processes.play(seconds, of: key(rate: Int64(rate))) {
                Int.random(in: 1...max(1, rate * 3 / (count * 25)), using: &random)
            }
            let batch = rate * 3 / (count * 25)
            #expect(accepted <= rate * (seconds + 2) + count * (batch + rate / 4), "\(accepted)")
            #expect(accepted >= rate * seconds * 9 / 10, "\(accepted)")
        }
    }

    @Test func oneProcessMayBringItAll() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(4, on: database.pool)
            let key = key(rate: 100)
            await processes.exchange()
            var accepted = 0
            for _ in 0..<10 {
                for _ in 0..<10 {
                    accepted += processes.offer(10, of: key, to: 0)
                    processes.pass(.milliseconds(100))
                }
                await processes.exchange()
            }
            #expect(accepted >= 900, "\(accepted)")
        }
    }

    @Test func aBatchLargerThanTheRateComesInWholeAndIsPaidBack() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(2, on: database.pool)
            let key = key(rate: 10)
            await processes.exchange()
            #expect(processes.offer(2500, of: key, to: 0) == 2500)
            #expect(processes.offer(1, of: key, to: 0) == 0)
            await processes.exchange()
            // The other pays as well, though it brought nothing.
            var accepted = 0
            for _ in 0..<20 {
                accepted += processes.offer(1, of: key, to: 0) + processes.offer(1, of: key, to: 1)
                processes.pass(.seconds(10))
                await processes.exchange()
            }
            #expect(accepted <= 2, "\(accepted)")
            do throws(EdgeError) {
                try processes.limits[1].take(1, of: key)
                Issue.record("paid back too early")
            } catch {
                #expect(error.code == .rateLimited && (1...60).contains(error.retryAfter ?? 0))
            }
            for _ in 0..<2 {
                processes.pass(.seconds(30))
                await processes.exchange()
            }
            #expect(processes.offer(1, of: key, to: 1) == 1)
        }
    }

    @Test func whileTheStoreIsAwayEachGoesOnWithItsShare() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(2, on: database.pool)
            let key = key(rate: 100)
            for _ in 0..<3 { _ = await processes.play(1, of: key) { 10 } }
            processes.surroundings.store = .isAway
            let accepted = await processes.play(20, of: key) { 10 }
            #expect((1800...2300).contains(accepted), "\(accepted)")
            processes.surroundings.store = .answers
            let after = await processes.play(20, of: key) { 10 }
            #expect((1800...2300).contains(after), "\(after)")
        }
    }

    @Test func aLostAnswerLetsNoMoreIn() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(2, on: database.pool)
            let key = key(rate: 100)
            var accepted = 0
            for second in 0..<30 {
                processes.surroundings.store = second % 3 == 1 ? .losesAnswers : .answers
                accepted += await processes.play(1, of: key) { 10 }
            }
            #expect(accepted <= 100 * 32 + 100, "\(accepted)")
        }
    }

    @Test func neighboursAreUnharmed() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(2, on: database.pool)
            await processes.exchange()
            let greedy = key("greedy", rate: 10)
            while processes.offer(100, of: greedy, to: 0) > 0 {}
            await processes.exchange()
            #expect(processes.offer(1, of: greedy, to: 0) == 0)
            #expect(processes.offer(2, of: key("calm", rate: 10), to: 0) == 2)
            #expect(processes.offer(2500, of: key("free"), to: 0) == 2500)
            #expect(processes.offer(2, of: key("greedy", workspace: 2, rate: 10), to: 0) == 2)
        }
    }

    @Test func aQuotaHoldsOverAllProcessesAndKeysUntilTheNextDay() async throws {
        try await TestDatabase.with { database in
            // An hour before midnight.
            let processes = Processes(3, on: database.pool, start: Timestamp(iso8601: "2026-03-31T23:00:00Z")!)
            let quota = EventQuota(perDay: 1000, perMonth: 1500)
            let keys = [key("a", quota: quota), key("b", quota: quota)]
            var index = 0
            var accepted = 0
            for _ in 0..<6 {
                accepted += await processes.play(1, of: keys[index % 2]) { 7 }
                index += 1
            }
            // Beyond it: a batch begun, and the loan of ten that each process began with.
            #expect((1000...1000 + 3 * (6 + 10)).contains(accepted), "\(accepted)")
            do throws(EdgeError) {
                try processes.limits[0].take(1, of: keys[0])
                Issue.record("the quota has something left")
            } catch {
                #expect(error.code == .quotaExceeded)
                // It is 23:00:06.
                #expect(error.retryAfter == 3600 - 6 + 1)
            }
            #expect(processes.offer(1, of: key("other", workspace: 2, quota: quota), to: 0) == 1)
            processes.pass(.seconds(3600))
            await processes.exchange()
            // April began as well.
            accepted = await processes.play(6, of: keys[0]) { 7 }
            #expect((1000...1021).contains(accepted), "\(accepted)")
            processes.pass(.seconds(86_400))
            await processes.exchange()
            accepted = await processes.play(6, of: keys[0]) { 7 }
            #expect((500...541).contains(accepted), "what is left of the month: \(accepted)")
        }
    }

    @Test func whatAProcessDoesNotUseTheOthersGet() async throws {
        try await TestDatabase.with { database in
            let processes = Processes(2, on: database.pool)
            let key = key(quota: EventQuota(perDay: 1000))
            await processes.exchange()
            var accepted = 0
            for _ in 0..<3 {
                for _ in 0..<30 { accepted += processes.offer(3, of: key, to: 0) }
                processes.pass(.seconds(1))
                await processes.exchange()
            }
            // It holds a second's demand now; once it is quiet others bring the rest, but for the tenth of that it keeps.
            for _ in 0..<40 {
                accepted += processes.offer(20, of: key, to: 1)
                processes.pass(.seconds(1))
                await processes.exchange()
            }
            #expect((990...1020).contains(accepted), "\(accepted)")
        }
    }

    @Test func whatAProcessHoldsAtItsEndGoesBack() async throws {
        try await TestStage.with { stage in
            let limits = SharedLimits(pool: stage.database.pool, clock: .host, logger: silent)
            let key = key(quota: EventQuota(perDay: 1_000_000))
            try await stage.running([limits]) {
                for _ in 0..<100 { try limits.take(10, of: key) }
                try await eventually("a slice is taken") {
                    try await stage.database.pool.withConnection { session in
                        try session.query("select from quota_use where day_events > 1000").count == 1
                    }
                }
            }
            let left = try await stage.database.pool.withConnection { session in
                (
                    try session.query("select day_events from quota_use")[0][0, as: Int64.self],
                    try session.query("select count(*) from edges")[0][0, as: Int64.self]
                )
            }
            #expect(left == (1000, 0))
        }
    }
}
