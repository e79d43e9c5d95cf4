import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct OutboxTests {
    private func row(_ name: String, queue: String = "signals") -> Outbox.Row {
        Outbox.Row(id: id("outbox \(name)"), queue: queue, lane: "live", body: Array(name.utf8))
    }

    private let signals = [Outbox.Way(queue: "signals", lane: "live")]

    @Test func onlyOldRowsAreClaimedTheOldestFirst() async throws {
        let (first, second, third) = (row("1"), row("2"), row("3"))
        let signals = signals
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add([second], clock: .real, machineNow: noon + .seconds(2), in: session)
                try Outbox.add([first], clock: .real, machineNow: noon + .seconds(1), in: session)
                try Outbox.add([third], clock: .real, machineNow: noon + .seconds(3), in: session)
                func claim(limit: Int32) throws -> [Outbox.Row] {
                    try Outbox.claimStale(
                        before: noon + .seconds(3), on: signals, limit: limit, machineNow: noon + .seconds(5),
                        in: session)
                }
                #expect(try claim(limit: 1) == [first])
                #expect(try claim(limit: 10) == [second], "what was claimed counts as new")
                #expect(try claim(limit: 10) == [])
                try Outbox.remove([first.id, third.id], in: session)
                let stale = try Outbox.claimStale(
                    before: noon + .seconds(6), on: signals, limit: 10, machineNow: noon + .seconds(6), in: session)
                #expect(stale == [second], "unless it stays for as long again")
            }
        }
    }

    @Test func eachWayHasItsShare() async throws {
        let many = (0..<30).map { row("signal \($0)") }
        let few = (0..<3).map { row("event \($0)", queue: "events") }
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add(many, clock: .real, machineNow: noon, in: session)
                try Outbox.add(few, clock: .real, machineNow: noon + .seconds(1), in: session)
                let ways = ["signals", "events"].map { Outbox.Way(queue: $0, lane: "live") }
                let claimed = try Outbox.claimStale(
                    before: .distantFuture, on: ways, limit: 10, machineNow: noon + .seconds(2), in: session)
                #expect(Dictionary(grouping: claimed, by: \.queue).mapValues(\.count) == ["signals": 10, "events": 3])
                let bulk = [Outbox.Way(queue: "signals", lane: "bulk")]
                #expect(
                    try Outbox.claimStale(
                        before: .distantFuture, on: bulk, limit: 10, machineNow: noon, in: session) == [])
            }
        }
    }

    @Test func twoSweepersShare() async throws {
        let (first, second) = (row("1"), row("2"))
        let signals = signals
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add([first], clock: .real, machineNow: noon, in: session)
                try Outbox.add([second], clock: .real, machineNow: noon + .seconds(1), in: session)
            }
            @Sendable func claim(_ limit: Int32, in session: PostgresSession) throws -> [Outbox.Row] {
                try Outbox.claimStale(
                    before: noon + .days(1), on: signals, limit: limit, machineNow: noon + .days(1), in: session)
            }
            let others = try await whileOpen(on: database.pool) { (session) throws in
                #expect(try claim(1, in: session) == [first])
            } _: {
                try await database.pool.withTransaction { try claim(9, in: $0) }
            }
            #expect(others == [second])
        }
    }

    @Test func aRowOfATransactionThatFailedIsNotThere() async throws {
        let row = row("1")
        try await TestDatabase.with { database in
            await #expect(throws: StoreError.self) {
                try await database.pool.withTransaction { session in
                    try Outbox.add([row], clock: .stepped, machineNow: noon, in: session)
                    throw StoreError.mergedMeanwhile
                }
            }
            let left: Int64 = try await database.pool.withConnection {
                try $0.value("select (select count(*) from outbox) + (select count(*) from in_flight)")
            }
            #expect(left == 0)
        }
    }

    @Test func bodiesAreInFlightOnlyWhileTheClockIsStepped() async throws {
        let rows = [row("1"), row("2", queue: "events"), row("3", queue: "messages")]
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add([rows[0]], clock: .real, machineNow: noon, in: session)
                #expect(try session.value("select count(*) from in_flight", as: Int64.self) == 0)
                try Outbox.remove([rows[0].id], in: session)
                try Outbox.add(rows, clock: .stepped, machineNow: noon, in: session)
                let flights = try session.query("select flight_id from in_flight").map { try $0[0, as: UniqueID.self] }
                #expect(Set(flights) == [rows[0].id, rows[1].id], "messages count by their rows")
                try Flights.depart([rows[0].id], queue: "signals", machineNow: noon, in: session)
                try Flights.arrive([rows[0].id], in: session)
                try Flights.arrive([rows[0].id], in: session)
                #expect(try session.value("select count(*) from in_flight", as: Int64.self) == 1)
            }
        }
    }
}

@Suite struct SetAsideTests {
    @Test func aBodyThatComesAgainIsKeptOnceAndShownAgain() async throws {
        let item = SetAside.Item(
            id: id("body"), queue: "events", lane: "live", reason: "unknown version", body: [1, 2], attempts: 1,
            setAsideAt: noon)
        var again = item
        again.reason = "malformed"
        again.attempts = 2
        again.setAsideAt = noon + .days(1)
        let second = again
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try SetAside.add([item], in: session)
                try SetAside.markReplayed(item.id, at: noon + .hours(1), in: session)
                #expect(try SetAside.list(all: false, in: session) == [])
                #expect(try SetAside.list(all: true, in: session).map(\.replayedAt) == [noon + .hours(1)])
                try SetAside.add([second], in: session)
                let kept = try #require(try SetAside.list(all: false, in: session).first)
                #expect(kept.reason == "malformed")
                #expect(kept.attempts == 3)
                #expect(kept.setAsideAt == noon)
                #expect(kept.body == [1, 2])
                #expect(try SetAside.find(prefix: String(item.id.description.prefix(8)), in: session) == [kept])
                #expect(try SetAside.find(prefix: "%", in: session) == [])
            }
        }
    }

    @Test func theSameItemTwiceInOneCallIsKeptOnce() async throws {
        let item = SetAside.Item(
            id: id("twin"), queue: "events", lane: "live", reason: "malformed", body: [1], attempts: 1, setAsideAt: noon
        )
        var huge = item
        huge.attempts = .max
        let twins = [item, item]
        let largest = [huge, item]
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try SetAside.add(twins, in: session)
                #expect(try SetAside.list(all: false, in: session).map(\.attempts) == [2])
                try SetAside.add(largest, in: session)
                try SetAside.add(largest, in: session)
                #expect(try SetAside.list(all: false, in: session).map(\.attempts) == [.max])
            }
        }
    }
}
