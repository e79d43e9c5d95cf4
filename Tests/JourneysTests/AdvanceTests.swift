@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// How runs go on: verdicts, waits, goals, exits.
@Suite struct AdvanceTests {
    private static func orders(_ bench: Bench) async throws {
        try await bench.hears("Order Completed", "1", at: Bench.start - .minutes(2))
        try await bench.hears("Order Completed", "2", at: Bench.start - .minutes(1))
    }

    @Test func aRunParksOnItsMessageAndWaitsFromTheHandOver() async throws {
        try await Bench.with { bench in
            try await Self.orders(bench)
            try await bench.advance(to: Bench.start + .hours(5))
            #expect(try await bench.runs() == ["welcome sending thanks"])
            #expect(try await bench.sendPlanned(to: "anne") == 1)
            let handed = Bench.start + .hours(5)
            #expect(try await bench.journeys.fireTimers() == 1)
            #expect(try await bench.runs() == ["welcome waiting wait 2"])
            #expect(try await bench.advance(to: handed + .days(2) - .seconds(1)) == 0)
            #expect(try await bench.advance(to: handed + .days(2)) == 1)
            #expect(try await bench.runs() == ["welcome waiting for event wait_for 3"])
        }
    }

    @Test(arguments: [true, false])
    func aWaitForGoesEitherWay(reads: Bool) async throws {
        try await Bench.with { bench in
            try await Self.orders(bench)
            try await bench.sendPlanned(to: "anne")
            try await bench.advance(to: Bench.start)
            try await bench.advance(to: Bench.start + .days(2))
            if reads {
                try await bench.hears("Docs Viewed", "d", at: Bench.start + .days(2) + .minutes(1))
            } else {
                #expect(try await bench.advance(to: Bench.start + .days(5) - .seconds(1)) == 0)
                #expect(try await bench.advance(to: Bench.start + .days(5)) == 1)
            }
            let step = reads ? "has-read" : "has-not-read"
            #expect(try await bench.messages() == ["welcome thanks accepted", "welcome \(step) planned"])
            try await bench.sendPlanned(to: "anne")
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["welcome finished"])
        }
    }

    @Test func theGoalEndsTheRunAsConverted() async throws {
        try await Bench.with { bench in
            try await bench.hears("Pixel Installed", "before", at: Bench.start - .days(1))
            try await bench.hears("Signed Up", "s")
            #expect(try await bench.runs() == ["onboarding waiting wait 1"])
            try await bench.hears("Pixel Installed", "after", at: Bench.start + .days(1))
            #expect(try await bench.runs() == ["onboarding converted"])
        }
    }

    @Test func aGoalThatIsMissedLetsTheRunFinishAtItsLapse() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            try await bench.advance(to: Bench.start + .days(10))
            #expect(try await bench.runs() == ["onboarding waiting for goal end"])
            try await bench.advance(to: Bench.start + .days(14))
            #expect(try await bench.runs() == ["onboarding finished"])
            #expect(try await bench.texts("select count(*)::text from timers") == ["0"])
        }
    }

    @Test func aStaleTimerIsDropped() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            try await bench.database.pool.withTransaction { session in
                _ = try session.execute("update runs set version = version + 1")
            }
            let before = try await bench.texts("select state::text || version from runs")
            try await bench.advance(to: Bench.start + .days(10))
            #expect(try await bench.texts("select state::text || version from runs") == before)
            #expect(try await bench.texts("select count(*)::text from timers") == ["0"])
        }
    }

    @Test func aRunStaysOnTheVersionThatItBeganOn() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            var files = Shop.files
            files["journeys/onboarding.yaml"] = """
                journey: onboarding
                enter: {event: Signed Up}
                steps: [{email: thanks, step: hello}]
                """
            try await Bench.apply(files, to: bench.database)
            try await bench.hears("Signed Up", "s", to: "bob")
            let versions = try await bench.texts(
                "select journey_version || ' ' || (state->>'phase') from runs order by journey_version")
            #expect(versions == ["1 waiting", "2 sending"])
            // The old version's goal still counts, although the new one has none.
            try await bench.hears("Pixel Installed", "p", at: Bench.start + .minutes(1))
            #expect(try await bench.runs() == ["onboarding converted", "onboarding sending hello"])
        }
    }

    @Test func aJourneyThatIsGoneTakesNoEntriesAndEndsItsRuns() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            var files = Shop.files
            files["journeys/onboarding.yaml"] = nil
            try await Bench.apply(files, to: bench.database)
            try await bench.hears("Signed Up", "s", to: "bob")
            try await bench.advance(to: Bench.start + .days(10))
            try await bench.advance(to: Bench.start + .days(14))
            #expect(try await bench.runs() == ["onboarding finished"])
        }
    }

    @Test func messagesKeepTheirIDsWhateverComesTwice() async throws {
        try await Bench.with { bench in
            let first = try await bench.happens("Order Completed", "1", .object(["order": "A"]))
            try await bench.act(on: first, first)
            let ids = try await bench.texts("select message_id::text from messages")
            try await bench.act(on: first)
            #expect(ids.count == 1)
            #expect(try await bench.texts("select message_id::text from messages") == ids)
        }
    }

    @Test func manySchedulersFireEachTimerOnce() async throws {
        try await Bench.with { bench in
            for number in 0..<40 { try await bench.hears("Signed Up", "s", to: "user \(number)") }
            try await bench.database.pool.withTransaction { session in
                try DomainClock.step(to: Bench.start + .days(10), in: session)
            }
            let looked = try await withThrowingTaskGroup(of: Int.self) { schedulers in
                for _ in 0..<4 {
                    let scheduler = try await bench.scheduler()
                    schedulers.addTask {
                        var looked = 0
                        while try await bench.hasDueTimers() { looked += try await scheduler.fireTimers(page: 7) }
                        return looked
                    }
                }
                return try await schedulers.reduce(0, +)
            }
            #expect(looked >= 40)
            #expect(Set(try await bench.runs()) == ["onboarding waiting for goal end"])
            #expect(try await bench.texts("select distinct version::text from runs") == ["2"])
        }
    }

    @Test func aRunThatCannotBeReadIsSetAsideAndTheOthersGoOn() async throws {
        try await Bench.with { bench in
            for user in ["anne", "bob", "cor"] { try await bench.hears("Signed Up", "s", to: user) }
            let bob = bench.contact("bob").contact
            try await bench.database.pool.withTransaction { session in
                _ = try session.execute("update runs set state = '{\"v\": 99}' where contact_id = \(bob)")
            }
            #expect(try await bench.advance(to: Bench.start + .days(10)) == 3)
            #expect(try await bench.texts("select queue from set_aside") == ["signals"])
            #expect(
                try await bench.texts("select state->>'phase' from runs where contact_id <> \(bob)")
                    == ["waiting for goal", "waiting for goal"])
            #expect(try await bench.journeys.fireTimers() == 0)
        }
    }
}
