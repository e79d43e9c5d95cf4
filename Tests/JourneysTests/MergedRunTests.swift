import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Synchronization
import Testing

/// Contacts that merge while they have runs.
@Suite struct MergedRunTests {
    private static func merge(_ gone: String, into survivor: String, _ bench: Bench) async throws {
        let (gone, survivor) = (bench.contact(gone), bench.contact(survivor))
        try await bench.database.pool.withTransaction { session in
            let now = try DomainClock.read(in: session)
            try Contacts.lock([gone, survivor], in: session)
            _ = try SendStates.lock([gone, survivor], in: session)
            try Merging.merge(gone, into: survivor, now: now, in: session)
        }
    }

    @Test func theRunGoesOnAtTheSurvivor() async throws {
        try await Bench.with { bench in
            let signal = try await bench.happens("Signed Up", "s", to: "bob")
            try await bench.act(on: signal)
            _ = try await bench.happens("Page Viewed", "p", to: "anne")
            try await Self.merge("bob", into: "anne", bench)
            // A late signal speaks of the contact that is gone.
            try await bench.act(on: signal)
            try await bench.advance(to: Bench.start + .days(10))
            #expect(try await bench.runs() == ["onboarding waiting for goal end"])
            let anne = bench.contact("anne").contact
            #expect(try await bench.texts("select count(*)::text from runs where contact_id = \(anne)") == ["1"])
        }
    }

    @Test func ofTwoRunsOfOneEntryTheSurvivorsStays() async throws {
        try await Bench.with { bench in
            for user in ["anne", "bob"] {
                try await bench.hears("Signed Up", "s", to: user)
                try await bench.hears("Order Completed", "o", to: user, .object(["order": "A"]))
            }
            try await Self.merge("bob", into: "anne", bench)
            let expected = [
                "onboarding merged", "onboarding waiting wait 1", "receipt merged", "receipt sending receipt",
            ]
            #expect(try await bench.runs() == expected)
            #expect(try await bench.messages() == ["receipt receipt planned", "receipt receipt withdrawn"])
            try await bench.sendPlanned(to: "anne")
            try await bench.advance(to: Bench.start + .days(14))
            #expect(
                try await bench.runs()
                    == ["onboarding finished", "onboarding merged", "receipt finished", "receipt merged"])
        }
    }

    @Test func aVerdictOnAMessageUnderWayFindsTheSurvivor() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", to: "bob", .object(["order": "A"]))
            _ = try await bench.happens("Page Viewed", "p", to: "anne")
            let bob = bench.contact("bob")
            let claimed = try await bench.database.pool.withTransaction { session in
                let epochs = try SendStates.lock([bob], in: session)
                let due = try Claims.due(
                    of: [bob], epochs: epochs, now: Bench.start, machineNow: Bench.start, in: session)
                try Claims.claim(due.map { ($0, "x@shop.example", .distantFuture) }, under: .random(), in: session)
                return due
            }
            try await Self.merge("bob", into: "anne", bench)
            let handed = try await bench.database.pool.withTransaction { session in
                let handed = try Claims.hand(claimed, now: Bench.start, in: session)
                _ = try Claims.settle(
                    claimed.map { ($0, .returned(retryAt: Bench.start), nil) }, now: Bench.start, in: session)
                return handed
            }
            #expect(handed.isEmpty)
            #expect(try await bench.messages() == ["receipt receipt planned"])
            #expect(try await bench.sendPlanned(to: "anne") == 1)
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }
}

/// A verdict is never lost between a mailer and a scheduler.
@Suite struct BellTests {
    @Test func aRunWaitsForTheAnswerToItsMail() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            let claimed = try await bench.handPlanned(to: "anne")
            #expect(try await bench.advance(to: Bench.start) == 0, "nothing rings at the hand-over")
            try await bench.hears("Page Viewed", "p")
            #expect(try await bench.runs() == ["receipt sending receipt"])
            try await bench.database.pool.withTransaction { session in
                _ = try Claims.settle(claimed.map { ($0, .accepted, nil) }, now: Bench.start, in: session)
            }
            #expect(try await bench.advance(to: Bench.start) == 1)
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }

    /// Mailers of the release before ring as they hand over, and not again.
    @Test func aBellAtTheHandOverIsBelieved() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            _ = try await bench.handPlanned(to: "anne")
            try await bench.ring()
            #expect(try await bench.advance(to: Bench.start) == 1)
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }

    /// A goal that lapses, or a pause that ends, says nothing of the mail.
    @Test func aRunThatTimeWakesWaitsOnForItsMail() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            let claimed = try await bench.handPlanned(to: "anne")
            try await bench.change(
                """
                insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
                select workspace_id, contact_id, run_id, 'wake', version, \(Bench.start) from runs
                """)
            #expect(try await bench.advance(to: Bench.start) == 1)
            #expect(try await bench.runs() == ["receipt sending receipt"])
            try await bench.database.pool.withTransaction { session in
                _ = try Claims.settle(claimed.map { ($0, .accepted, nil) }, now: Bench.start, in: session)
            }
            #expect(try await bench.advance(to: Bench.start) == 1)
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }

    @Test func aVerdictThatComesWhileAnEarlierBellIsTakenWakesTheRun() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "o", .object(["order": "A"]))
            let anne = bench.contact("anne")
            // An earlier bell of this run that nobody has taken yet.
            try await bench.ring()
            let (mailer, scheduler) = (try bench.database.pool(connections: 1), try await bench.scheduler())
            let firing = Mutex<Task<Int, any Error>?>(nil)
            try await mailer.withTransaction { session in
                let epochs = try SendStates.lock([anne], in: session)
                let due = try Claims.due(
                    of: [anne], epochs: epochs, now: Bench.start, machineNow: Bench.start, in: session)
                try Claims.claim(due.map { ($0, "x@shop.example", .distantFuture) }, under: .random(), in: session)
                _ = try Claims.hand(due, now: Bench.start, in: session)
                _ = try Claims.settle(due.map { ($0, .accepted, nil) }, now: Bench.start, in: session)
                firing.withLock { $0 = Task { try await scheduler.fireTimers() } }
                // The scheduler is either waiting for this transaction by now, or comes after it.
                try session.waitForWaiter()
            }
            _ = try await firing.withLock { $0 }?.value
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }
}
