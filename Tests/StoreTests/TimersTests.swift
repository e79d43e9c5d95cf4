import Expressions
import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct TimersTests {
    private let anne = contact("anne")

    /// Runs `body` in a transaction, with one run of Anne's at version 3.
    private func withRun(_ body: @escaping @Sendable (PostgresSession, Run) throws -> Void) async throws {
        let anne = anne
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.make([anne])
                var run = run("1", of: anne)
                run.version = 3
                try Runs.insert([run], in: session)
                try body(session, run)
            }
        }
    }

    private static func wake(_ run: Run, version: Int32, at due: Timestamp = noon) -> Timers.Wake {
        Timers.Wake(contact: run.contact, run: run.id, version: version, dueAt: due)
    }

    @Test func aWakeOfThePresentVersionIsTakenOnce() async throws {
        try await withRun { session, run in
            try Timers.arm([Self.wake(run, version: 3)], in: session)
            #expect(try Timers.dueContacts(at: noon - .seconds(1), limit: 10, in: session) == [])
            #expect(try Timers.dueContacts(at: noon, limit: 10, in: session) == [run.contact])
            #expect(try Timers.take(of: [run.contact], at: noon, in: session).runs == [run.contact: [run.id]])
            #expect(try Timers.take(of: [run.contact], at: noon, in: session) == [:])
        }
    }

    @Test func aStaleWakeIsDropped() async throws {
        try await withRun { session, run in
            try Timers.arm([Self.wake(run, version: 2)], in: session)
            #expect(try Timers.take(of: [run.contact], at: noon, in: session) == [run.contact: [:]])
            #expect(try Timers.dueContacts(at: .distantFuture, limit: 10, in: session) == [], "it is gone")
        }
    }

    @Test func aRunHasOneWakeTheLastSet() async throws {
        try await withRun { session, run in
            try Timers.arm([Self.wake(run, version: 2, at: noon)], in: session)
            try Timers.arm([Self.wake(run, version: 3, at: noon + .days(1))], in: session)
            #expect(try Timers.take(of: [run.contact], at: noon, in: session) == [:])
            #expect(
                try Timers.take(of: [run.contact], at: noon + .days(1), in: session).runs == [run.contact: [run.id]])
        }
    }

    @Test func aVerdictIsNeverStaleAndKeepsTheWake() async throws {
        try await withRun { session, run in
            let letter = message("1", to: run.contact, run: run.id)
            try Messages.plan([letter], machineNow: noon, in: session)
            try Timers.arm([Self.wake(run, version: 3, at: noon + .days(1))], in: session)
            try Claims.skip([.init(message: letter, reasons: 1, state: .skipped)], now: noon, in: session)
            var moved = run
            moved.version = 9
            try Runs.save([moved], in: session)
            #expect(try Timers.take(of: [run.contact], at: noon, in: session).runs == [run.contact: [run.id]])
            #expect(try session.value("select count(*) from timers where kind = 'wake'", as: Int64.self) == 1)
        }
    }

    @Test func aRunThatHasEndedIsNotLookedAt() async throws {
        try await withRun { session, run in
            try Timers.arm([Self.wake(run, version: 3)], in: session)
            var ended = run
            ended.endedAt = noon
            ended.outcome = "goal"
            try Runs.save([ended], in: session)
            #expect(try Timers.take(of: [run.contact], at: noon, in: session) == [run.contact: [:]])
        }
    }

    @Test func contactsAreTakenByTheirEarliestTimer() async throws {
        try await withRun { session, run in
            let others = (1...3).map { contact("c\($0)") }
            try session.make(others)
            try Timers.arm(
                others.enumerated().map { index, contact in
                    Timers.Wake(
                        contact: contact, run: id("run \(index)"), version: 0, dueAt: noon - .seconds(Int64(index)))
                }, in: session)
            #expect(try Timers.dueContacts(at: noon, limit: 2, in: session) == [others[2], others[1]])
        }
    }
}

@Suite struct RunsTests {
    private let anne = contact("anne")

    @Test func ofTwoRunsUnderOneEntryKeyTheFirstStays() async throws {
        let anne = anne
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let first = run("1", of: anne, entryKey: "order-1")
                try Runs.insert([first, run("2", of: anne, entryKey: "order-1")], in: session)
                try Runs.insert([run("3", of: anne, entryKey: "order-2"), first], in: session)
                #expect(try Set(Runs.open(of: [anne], in: session).map(\.id)) == [id("run 1"), id("run 3")])
                let keys = ["order-1", "order-2", "order-3"].map {
                    Entries.Key(contact: anne, journey: "welcome", key: $0)
                }
                #expect(try Entries.used(among: keys, in: session) == Set(keys[..<2]))
                let other = Entries.Key(contact: anne, journey: "goodbye", key: "order-1")
                #expect(try Entries.used(among: [other], in: session) == [])
            }
        }
    }

    @Test func whatIsSavedIsLoaded() async throws {
        let anne = anne
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                var run = run("1", of: anne)
                try Runs.insert([run], in: session)
                run.state = .object(["at": .string("2"), "visits": .array([.int(1)])])
                run.version = 5
                run.wakeAt = noon + .days(2)
                try Runs.save([run], in: session)
                #expect(try Runs.open(of: [anne], in: session) == [run])
                run.endedAt = noon + .days(1)
                run.outcome = "done"
                try Runs.save([run], in: session)
                #expect(try Runs.open(of: [anne], in: session) == [])
                #expect(try Runs.load(of: [anne], ended: true, in: session)[anne] == [run])
            }
        }
    }

    @Test func anEventIsFoundByItsSubjectAndPlaceAlone() async throws {
        let (anne, bob) = (anne, contact("bob"))
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try session.make([anne, bob])
                _ = try EventLog.append([event("a", of: anne), event("a", of: bob), event("b", of: anne)], in: session)
                let key = Entries.EventKey(subject: anne, at: noon, eventID: "a")
                var later = key
                later.at = noon + .seconds(1)
                let events = try Entries.events([key, later], in: session)
                #expect(events.mapValues(\.name) == [key: "Page Viewed"])
            }
        }
    }
}

extension [ContactKey: [UniqueID: Timers.Due]] {
    fileprivate var runs: [ContactKey: Set<UniqueID>] { mapValues { Set($0.keys) } }
}
