import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct OutboxTests {
    private func row(_ name: String, queue: String = "signals") -> Outbox.Row {
        Outbox.Row(id: id("outbox \(name)"), queue: queue, lane: "live", body: Array(name.utf8))
    }

    @Test func onlyOldRowsAreStaleTheOldestFirst() async throws {
        let (first, second, third) = (row("1"), row("2"), row("3"))
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add([second], clock: .real, machineNow: noon + .seconds(2), in: session)
                try Outbox.add([first], clock: .real, machineNow: noon + .seconds(1), in: session)
                try Outbox.add([third], clock: .real, machineNow: noon + .seconds(3), in: session)
                #expect(try Outbox.stale(before: noon + .seconds(3), limit: 10, in: session) == [first, second])
                #expect(try Outbox.stale(before: noon + .seconds(3), limit: 1, in: session) == [first])
                try Outbox.remove([first.id, third.id], in: session)
                #expect(try Outbox.stale(before: .distantFuture, limit: 10, in: session) == [second])
            }
        }
    }

    @Test func twoSweepersShare() async throws {
        let (first, second) = (row("1"), row("2"))
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Outbox.add([first], clock: .real, machineNow: noon, in: session)
                try Outbox.add([second], clock: .real, machineNow: noon + .seconds(1), in: session)
            }
            let others = try await whileOpen(on: database.pool) { (session) throws in
                #expect(try Outbox.stale(before: .distantFuture, limit: 1, in: session) == [first])
            } _: {
                try await database.pool.withTransaction { try Outbox.stale(before: .distantFuture, limit: 9, in: $0) }
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
}
