import JourneyProgram
@testable import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// A paused journey stands still, and goes on without a flood.
@Suite struct PauseTests {
    private static func pause(_ bench: Bench, _ journey: String) async throws {
        try await bench.database.pool.withTransaction { session in
            try Pauses.set(journey, to: Bench.start, in: bench.workspace, session: session)
        }
    }

    private static func resume(_ bench: Bench, _ journey: String, over length: Span = .zero) async throws -> Int64 {
        try await bench.database.pool.withTransaction { session in
            try Pauses.set(journey, to: nil, in: bench.workspace, session: session)
            let spread = Pauses.Spread(start: try DomainClock.read(in: session), length: length)
            var (runs, last): (Int64, UniqueID?) = (0, nil)
            while let part = try Pauses.release(
                journey, in: bench.workspace, after: last, limit: 7, spread: spread, session: session)
            {
                runs += part.runs
                last = part.last
            }
            return runs
        }
    }

    private static func releaseMessages(_ bench: Bench, _ lateness: Pauses.Lateness) async throws -> Int64 {
        let (workspace, spread) = (bench.workspace, Pauses.Spread(start: Bench.start, length: .zero))
        return try await bench.database.pool.withTransaction { session in
            let held = try Pauses.planned(of: "receipt", held: true, in: workspace, session: session)
            return try Pauses.release(held, lateness, spread: spread, in: workspace, session: session)
        }
    }

    @Test func aRunStandsStillAndSeesAfterwardsWhatCameMeanwhile() async throws {
        try await Bench.with { bench in
            for user in ["anne", "bob"] { try await bench.hears("Signed Up", "s", to: user) }
            try await Self.pause(bench, "onboarding")
            try await bench.advance(to: Bench.start + .days(10))
            try await bench.hears("Pixel Installed", "p", at: Bench.start + .days(10))
            #expect(try await bench.runs() == ["onboarding waiting wait 1", "onboarding waiting wait 1"])
            #expect(try await bench.texts("select count(*)::text from timers") == ["0"])
            #expect(try await bench.texts("select count(*)::text from runs where held_at is not null") == ["2"])
            #expect(try await Self.resume(bench, "onboarding") == 2)
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["onboarding converted", "onboarding waiting for goal end"])
            try await bench.advance(to: Bench.start + .days(14))
            #expect(try await bench.runs() == ["onboarding converted", "onboarding finished"])
        }
    }

    @Test func aWaitThatIsNotOverKeepsItsTime() async throws {
        try await Bench.with { bench in
            try await bench.hears("Signed Up", "s")
            try await Self.pause(bench, "onboarding")
            try await bench.hears("Page Viewed", "v")
            #expect(try await Self.resume(bench, "onboarding") == 1)
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["onboarding waiting wait 1"])
            #expect(try await bench.advance(to: Bench.start + .days(10) - .seconds(1)) == 0)
            #expect(try await bench.advance(to: Bench.start + .days(10)) == 1)
        }
    }

    @Test func entriesAreTakenAndStandBeforeTheirFirstStep() async throws {
        try await Bench.with { bench in
            try await Self.pause(bench, "receipt")
            try await bench.hears("Order Completed", "1", .object(["order": "A"]))
            #expect(try await bench.runs() == ["receipt arriving receipt"])
            #expect(try await bench.messages() == [])
            #expect(try await bench.texts("select choice from decisions where journey = 'receipt'") == ["started"])
            #expect(try await Self.resume(bench, "receipt") == 1)
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.messages() == ["receipt receipt planned"])
        }
    }

    @Test func whatWasHeldGoesOnSpreadOverTime() async throws {
        try await Bench.with { bench in
            for number in 0..<40 { try await bench.hears("Signed Up", "s", to: "user \(number)") }
            try await Self.pause(bench, "onboarding")
            try await bench.advance(to: Bench.start + .days(10))
            #expect(try await Self.resume(bench, "onboarding", over: .hours(1)) == 40)
            let end = Bench.start + .days(10) + .hours(1)
            let half: Query = "select count(*)::text from timers where due_at <= \(end - .minutes(30))"
            let early = try #require(Int(try await bench.texts(half)[0]))
            #expect((5...35).contains(early), "\(early) of 40")
            #expect(try await bench.texts("select count(*)::text from timers where due_at > \(end)") == ["0"])
            try await bench.advance(to: end)
            #expect(Set(try await bench.runs()) == ["onboarding waiting for goal end"])
        }
    }

    @Test(arguments: [Pauses.Lateness.send, .skip])
    func plannedMailsAreHeldWithTheirJourney(lateness: Pauses.Lateness) async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "1", .object(["order": "A"]))
            try await Self.pause(bench, "receipt")
            let pool = bench.database.pool
            #expect(
                try await pool.withTransaction { session in
                    let planned = try Pauses.planned(
                        of: "receipt", held: false, in: bench.workspace, session: session)
                    return try Pauses.hold(planned, in: bench.workspace, session: session)
                } == 1)
            #expect(try await bench.sendPlanned(to: "anne") == 0)
            _ = try await Self.resume(bench, "receipt")
            #expect(try await Self.releaseMessages(bench, lateness) == 1)
            #expect(try await bench.sendPlanned(to: "anne") == (lateness == .send ? 1 : 0))
            _ = try await bench.journeys.fireTimers()
            #expect(try await bench.runs() == ["receipt finished"])
        }
    }

    @Test func aJourneyThatIsStoppedEndsItsRunsWithAReason() async throws {
        try await Bench.with { bench in
            for number in 0..<9 { try await bench.hears("Signed Up", "s", to: "user \(number)") }
            try await bench.hears("Order Completed", "1", .object(["order": "A"]))
            let why = JSON.object(["reason": "wrong"])
            let ended = try await bench.database.pool.withTransaction { session in
                var (runs, messages, last): (Int64, Int64, UniqueID?) = (0, 0, nil)
                for journey in ["onboarding", "receipt"] {
                    try Stops.close(journey, at: Bench.start, in: bench.workspace, session: session)
                    last = nil
                    while let part = try Stops.end(
                        journey, in: bench.workspace, after: last, limit: 4, saw: why, now: Bench.start,
                        decision: { Journey.decisionID(run: $0, step: "stop", visit: 1) }, session: session)
                    {
                        (runs, messages, last) = (runs + part.runs, messages + part.messages, part.last)
                    }
                }
                return [runs, messages]
            }
            #expect(ended == [10, 1])
            #expect(Set(try await bench.runs()) == ["onboarding stopped", "receipt stopped"])
            #expect(try await bench.messages() == ["receipt receipt withdrawn"])
            #expect(try await bench.texts("select count(*)::text from timers") == ["0"])
            #expect(
                try await bench.texts("select distinct saw ->> 'reason' from decisions where kind = 'end'") == ["wrong"]
            )
            try await bench.hears("Signed Up", "s", to: "late")
            #expect(try await bench.runs().count == 10)
        }
    }

    @Test func runsSendTheWordingOfTheRevisionThatTheyAreGiven() async throws {
        try await Bench.with { bench in
            try await bench.hears("Order Completed", "1", .object(["order": "A"]))
            var files = Shop.files
            files["emails/offer/body.txt.mustache"] = "A better offer: {{links.unsubscribe}}\n"
            try await Bench.apply(files, to: bench.database)
            let changed = try await bench.database.pool.withTransaction {
                try Successions.reword(
                    "receipt", [Successions.Mail(version: 1, template: "thanks")], to: 2, in: bench.workspace,
                    session: $0)
            }
            #expect(changed == 1)
            #expect(try await bench.texts("select revision::text from messages") == ["2"])
            try await bench.database.pool.withTransaction {
                _ = try Successions.reword(
                    "welcome", [Successions.Mail(version: 1, template: "offer")], to: 2, in: bench.workspace,
                    session: $0)
            }
            try await bench.hears("Order Completed", "2", .object(["order": "B"]))
            let revisions = try await bench.texts(
                "select journey || ' ' || revision from messages order by planned_at, journey, step")
            #expect(Set(revisions) == ["receipt 2", "welcome 2"])
        }
    }
}
