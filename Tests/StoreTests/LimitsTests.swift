import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct KeyAllowanceTests {
    private func ask(_ name: String, rate: Int64 = 100, owed: Int64 = 0, wanted: Int64) -> KeyAllowances.Ask {
        KeyAllowances.Ask(
            key: KeyName(workspace: WorkspaceID(rawValue: 1), name: name), rate: rate,
            slice: SliceAsk(owed: owed, wanted: wanted))
    }

    @Test func aBucketFillsAtTheRateAndHoldsTwoSeconds() async throws {
        try await TestDatabase.with { database in
            let levels = try await database.pool.withTransaction { session in
                try [
                    (500, 0), (500, 1), (500, 1), (50, 61), (500, 61), (-30, 61), (500, 61),
                ].map { wanted, second in
                    try KeyAllowances.exchange(
                        [ask("k", wanted: wanted)], machineNow: noon + .seconds(second), in: session)[0].granted
                }
            }
            #expect(levels == [200, 100, 0, 50, 150, 0, 30])
        }
    }

    @Test func fractionsAreKept() async throws {
        try await TestDatabase.with { database in
            let granted = try await database.pool.withTransaction { session in
                try (0..<100).reduce(into: Int64(0)) { sum, step in
                    sum += try KeyAllowances.exchange(
                        [ask("k", rate: 3, wanted: 100)],
                        machineNow: noon + Span(microseconds: Int64(step) * 100_000), in: session)[0].granted
                }
            }
            // 9.9 seconds, and what a new bucket holds.
            #expect(granted == 3 * 2 + 29)
        }
    }

    @Test func whatIsOwedIsBookedWhateverIsLeft() async throws {
        try await TestDatabase.with { database in
            let grants = try await database.pool.withTransaction { session in
                try [(1000, 10, 0), (0, 10, 7), (0, 10, 9)].map { owed, wanted, second in
                    try KeyAllowances.exchange(
                        [ask("k", owed: owed, wanted: wanted)], machineNow: noon + .seconds(second), in: session)[0]
                }
            }
            #expect(grants[0] == SliceGrant(granted: 0, left: -800))
            #expect(grants[1] == SliceGrant(granted: 0, left: -100))
            #expect(grants[2] == SliceGrant(granted: 10, left: 90))
        }
    }

    /// Hosts' clocks differ: time that one has seen pass does not pass again for another.
    @Test func aLaggingClockFillsNothingTwice() async throws {
        try await TestDatabase.with { database in
            let granted = try await database.pool.withTransaction { session in
                try [0, -5, 1, -5, 1].map { second in
                    try KeyAllowances.exchange(
                        [ask("k", wanted: 1000)], machineNow: noon + .seconds(second), in: session)[0].granted
                }
            }
            #expect(granted == [200, 0, 100, 0, 0])
        }
    }

    /// Twenty at a time, with the same keys in every order.
    @Test func manyAtOnceGetNoMoreThanThereIs() async throws {
        try await TestDatabase.with { database in
            let names = (0..<6).map { "k\($0)" }
            let granted = try await withThrowingTaskGroup(of: Int64.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let step = index.isMultiple(of: 2) ? 1 : 5
                        let asks = (0..<6).map { ask(names[($0 * step + index) % 6], wanted: 30) }
                        return try await database.pool.withTransaction { session in
                            try KeyAllowances.exchange(asks, machineNow: noon, in: session)
                                .reduce(0) { $0 + $1.granted }
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(granted == 6 * 200)
        }
    }
}

@Suite struct QuotaUseTests {
    private let workspace = WorkspaceID(rawValue: 1)

    private func ask(
        _ quota: EventQuota, owed: Int64 = 0, wanted: Int64, day: Timestamp = QuotaPeriod(at: noon).day
    ) -> QuotaUse.Ask {
        QuotaUse.Ask(workspace: workspace, quota: quota, day: day, slice: SliceAsk(owed: owed, wanted: wanted))
    }

    @Test func daysAndMonthsAreOfUTC() {
        let period = QuotaPeriod(at: Timestamp(iso8601: "2024-02-29T23:59:59.5Z")!)
        #expect(period.day == Timestamp(iso8601: "2024-02-29"))
        #expect(period.nextDay == Timestamp(iso8601: "2024-03-01"))
        #expect(period.month == Timestamp(iso8601: "2024-02-01"))
        #expect(period.nextMonth == Timestamp(iso8601: "2024-03-01"))
        #expect(
            QuotaPeriod(at: Timestamp(iso8601: "2026-12-31T00:00:00Z")!).nextMonth == Timestamp(iso8601: "2027-01-01"))
    }

    @Test func theNarrowerOfDayAndMonthHolds() async throws {
        try await TestDatabase.with { database in
            let quota = EventQuota(perDay: 100, perMonth: 150)
            let grants = try await database.pool.withTransaction { session in
                try [(80, 0), (80, 0), (-30, 0), (80, 0), (80, 1), (1, 1)].map { wanted, day in
                    let time = noon + .days(Int64(day))
                    return try QuotaUse.exchange(
                        [ask(quota, wanted: Int64(wanted), day: QuotaPeriod(at: time).day)], machineNow: time,
                        in: session)[0]
                }
            }
            #expect(grants.map(\.slice.granted) == [80, 20, 0, 30, 50, 0])
            #expect(grants[1].resumesAt == QuotaPeriod(at: noon).nextDay)
            #expect(grants[5].resumesAt == QuotaPeriod(at: noon).nextMonth)
        }
    }

    @Test func yesterdaysRestIsNotGivenBackToToday() async throws {
        try await TestDatabase.with { database in
            let quota = EventQuota(perDay: 100)
            let tomorrow = noon + .days(1)
            let granted = try await database.pool.withTransaction { session in
                try [(80, noon, noon), (50, tomorrow, tomorrow), (-80, noon, tomorrow), (100, tomorrow, tomorrow)].map {
                    wanted, day, time in
                    try QuotaUse.exchange(
                        [ask(quota, wanted: wanted, day: QuotaPeriod(at: day).day)], machineNow: time, in: session)[0]
                        .slice.granted
                }
            }
            #expect(granted == [80, 50, 0, 50])
        }
    }

    @Test func aLaggingClockDoesNotBeginTheDayAgain() async throws {
        try await TestDatabase.with { database in
            let quota = EventQuota(perDay: 100)
            let midnight = QuotaPeriod(at: noon).nextDay
            let granted = try await database.pool.withTransaction { session in
                try [1, -1, 1].map { second in
                    try QuotaUse.exchange(
                        [ask(quota, wanted: 60)], machineNow: midnight + .seconds(second), in: session)[0].slice.granted
                }
            }
            #expect(granted == [60, 40, 0])
        }
    }

    @Test func standingsAreShownWithTheirQuota() async throws {
        try await TestDatabase.with { database in
            let standing = try await database.pool.withTransaction { session in
                let id = try WorkspaceRegister.lock("shop", now: noon, in: session).id
                try EventQuotas.set(EventQuota(perDay: 100, perMonth: 900), of: id, in: session)
                var ask = ask(EventQuota(perDay: 100), wanted: 70)
                ask.workspace = id
                _ = try QuotaUse.exchange([ask], machineNow: noon, in: session)
                return try EventQuotas.standing(of: id, machineNow: noon + .days(1), in: session)
            }
            #expect(standing.quota == EventQuota(perDay: 100, perMonth: 900))
            #expect(standing.today == 0 && standing.thisMonth == 70)
        }
    }
}

@Suite struct EdgeRegisterTests {
    @Test func thoseWhoAreSilentCountNoMore() async throws {
        try await TestDatabase.with { database in
            let edges = (0..<3).map { UniqueID.derived("edge", "\($0)") }
            let living = try await database.pool.withTransaction { session in
                let first = try edges.map { try Edges.attend($0, machineNow: noon, in: session) }
                let later = try Edges.attend(edges[0], machineNow: noon + .seconds(16), in: session)
                try Edges.leave(edges[0], in: session)
                return first + [later, try Edges.attend(edges[1], machineNow: noon + .seconds(17), in: session)]
            }
            #expect(living == [1, 2, 3, 1, 1])
        }
    }
}
