import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct DomainClockTests {
    @Test func aSteppedClockStandsAndOnlyGoesForward() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            try await database.pool.withTransaction { session in
                #expect(try DomainClock.reading(in: session) == .init(now: noon, mode: .stepped))
                try DomainClock.step(to: noon + .days(1), in: session)
                #expect(try DomainClock.read(in: session) == noon + .days(1))
                try DomainClock.step(to: noon, in: session)
                #expect(try DomainClock.read(in: session) == noon + .days(1))
            }
        }
    }

    @Test func aRealClockIsTheHostsAndCannotBeMoved() async throws {
        try await TestDatabase.with { database in
            let first = try await database.pool.withTransaction { session in
                #expect(try DomainClock.mode(in: session) == .real)
                try DomainClock.step(to: .distantFuture, in: session)
                return try DomainClock.read(in: session)
            }
            let second = try await database.pool.withTransaction { try DomainClock.read(in: $0) }
            #expect(first < second)
            #expect(second < noon + .days(36_500))
        }
    }

    @Test func theModeIsSetOnce() async throws {
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            try await database.pool.withTransaction { (session) throws in
                #expect(try DomainClock.initialize(.real, at: noon + .days(9), in: session) == .stepped)
                #expect(try DomainClock.read(in: session) == noon)
            }
        }
    }

    @Test func withoutAClockNothingIsRead() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.execute("delete from clock")
                #expect(throws: StoreError.self) { try DomainClock.read(in: session) }
                #expect(try DomainClock.mode(in: session) == nil)
            }
        }
    }
}

/// What `loods clock advance` steps by.
@Suite struct QuietTests {
    private let anne = contact("anne")

    @Test func eachKindOfWorkIsUnrest() async throws {
        let anne = anne
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            try await database.pool.withTransaction { session in
                #expect(try Quiet.unrest(at: noon, in: session).isQuiet)
                try session.make([anne])
                try Outbox.add(
                    [.init(id: id("o"), queue: "events", lane: "live", body: [])], clock: .stepped, machineNow: noon,
                    in: session)
                try Timers.arm(
                    [
                        .init(contact: anne, run: id("r"), version: 0, dueAt: noon),
                        .init(contact: anne, run: id("later"), version: 0, dueAt: noon + .seconds(1)),
                    ], in: session)
                try Messages.plan(
                    [message("1", to: anne, topic: nil), message("2", to: anne, topic: nil)], machineNow: noon,
                    in: session)
                let unrest = try Quiet.unrest(at: noon, in: session)
                let counts = [unrest.inFlight, unrest.outbox, unrest.dueTimers, unrest.openMessages]
                #expect(counts == [1, 1, 1, 2])
            }
        }
    }

    @Test func aMessageIsOpenUntilItsEndUnlessItIsHeldOrDeferred() async throws {
        let anne = anne
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            try await database.pool.withTransaction { session in
                try session.make([anne])
                let letter = message("1", to: anne, topic: nil)
                try Messages.plan([letter], machineNow: noon, in: session)
                try Claims.hold([(.init(message: letter, reasons: 1, state: .planned), noon + .hours(8))], in: session)
                #expect(try Quiet.unrest(at: noon, in: session).isQuiet)
                #expect(try Quiet.nextDue(after: noon, in: session) == noon + .hours(8))
                let later = noon + .hours(8)
                let claimed = try session.claim(anne, under: id("c"), now: later)
                #expect(try Quiet.unrest(at: later, in: session).openMessages == 1)
                _ = try Claims.hand(claimed, now: later, in: session)
                #expect(try Quiet.unrest(at: later, in: session).openMessages == 1)
                _ = try Claims.settle([(claimed[0], .deferred(retryAt: noon), nil)], now: later, in: session)
                #expect(try Quiet.unrest(at: later, in: session).openMessages == 0, "machine time has it now")
            }
        }
    }

    @Test func theNextInstantIsTheEarliestOfAll() async throws {
        let anne = anne
        try await TestDatabase.with(clock: .stepped(at: noon)) { database in
            try await database.pool.withTransaction { session in
                #expect(try Quiet.nextDue(after: noon, in: session) == nil)
                try session.make([anne])
                let letter = message("1", to: anne)
                try Messages.plan([letter], machineNow: noon, in: session)
                try Claims.hold([(.init(message: letter, reasons: 1, state: .planned), noon + .hours(8))], in: session)
                try Timers.arm(
                    [
                        .init(contact: anne, run: id("past"), version: 0, dueAt: noon),
                        .init(contact: anne, run: id("next"), version: 0, dueAt: noon + .hours(9)),
                    ], in: session)
                #expect(try Quiet.nextDue(after: noon, in: session) == noon + .hours(8))
                #expect(try Quiet.nextDue(after: noon + .hours(8), in: session) == noon + .hours(9))
                #expect(try Quiet.nextDue(after: noon + .hours(9), in: session) == nil)
            }
        }
    }
}
