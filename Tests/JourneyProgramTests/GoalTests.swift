import Expressions
import JourneyProgram
import Model
import Testing

struct GoalTests {
    private let a = Step.email(name: "a", template: "a")
    private let b = Step.email(name: "b", template: "b")

    private func trial(exit: String? = nil) throws -> Journey {
        try journey(
            [a, .wait(.days(2)), b], goal: "run.did(\"Installed\")", within: .days(14), exit: exit)
    }

    @Test func theGoalEndsTheRunAtAnyMoment() throws {
        var play = Play(try trial())
        #expect(try play.run([("0s", "Start"), ("1d", "Installed")]) == ["0s a", "1d ends converted"])
    }

    @Test func theGoalCountsAfterTheLastStepUntilItLapses() throws {
        var late = Play(try trial())
        #expect(try late.run([("0s", "Start"), ("13d", "Installed")]) == ["0s a", "2d b", "13d ends converted"])
        var tooLate = Play(try trial())
        #expect(try tooLate.run([("0s", "Start"), ("14d", "Installed")]) == ["0s a", "2d b", "14d ends finished"])
    }

    @Test func whatHappenedBeforeTheEntryIsNoConversion() throws {
        var play = Play(try trial())
        #expect(try play.run([("0s", "Installed"), ("0s", "Start")]) == ["0s a", "2d b", "14d ends finished"])
    }

    @Test func aGoalWithoutTimeCountsUntilTheLastStep() throws {
        var play = Play(try journey([a, .wait(.days(2)), b], goal: "run.did(\"Installed\")"))
        #expect(try play.run([("0s", "Start"), ("3d", "Installed")]) == ["0s a", "2d b", "2d ends finished"])
    }

    @Test func aLapsedGoalIsNotReachedLater() throws {
        let journey = try journey(
            [.wait(.days(20)), b], goal: "run.did(\"Installed\") || contact.paid == true", within: .days(14))
        var play = Play(journey, contact: .object(["paid": .bool(false)]))
        _ = try play.run([("0s", "Start"), ("15d", "Installed")], until: "16d")
        play.facts.contact = .object(["paid": .bool(true)])
        #expect(try play.run([(at: String, name: String)]()) == ["20d b", "20d ends finished"])
    }

    @Test func anActivationAfterTheLapseStillSeesAConversionFromBeforeIt() throws {
        let journey = try trial()
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        let first = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc))
        for (offset, converts) in [(Span.days(14), false), (Span(microseconds: Span.days(14).microseconds - 1), true)] {
            facts.now = start + .days(15)
            facts.history = History([HistoryEvent(at: start + offset, eventID: "i", name: "Installed")])
            let late = try journey.step(first.run, in: World(facts: facts, contact: anne, zone: .utc))
            #expect(late.effects.contains(.end(.converted)) == converts)
        }
    }

    @Test func whatIsDatedBehindTheLapseIsNoConversionHoweverEarlyItIsKnown() throws {
        let journey = try trial()
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        facts.history = History([HistoryEvent(at: start + .days(14), eventID: "i", name: "Installed")])
        let first = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc))
        #expect(first.run.outcome == nil)
    }

    @Test func theExitEndsTheRun() throws {
        var play = Play(try trial(exit: "run.did(\"Left\")"))
        #expect(try play.run([("0s", "Start"), ("1d", "Left")]) == ["0s a", "1d ends exited"])
        var atOnce = Play(try trial(exit: "!consented(\"onboarding\")"))
        #expect(try atOnce.run([("0s", "Start")]) == ["0s ends exited"])
    }

    @Test func theGoalGoesBeforeTheExit() throws {
        var play = Play(try trial(exit: "run.did(\"Installed\")"))
        #expect(try play.run([("0s", "Start"), ("1d", "Installed")]) == ["0s a", "1d ends converted"])
    }

    @Test func timeAloneCanMeetAnExit() throws {
        // Three days without a visit, and nothing happens that would tell.
        var play = Play(try journey([a, .wait(.days(30)), b], exit: "!did(\"Visit\", \"3d\")"))
        #expect(try play.run([("0s", "Visit"), ("0s", "Start"), ("2d", "Visit")]) == ["0s a", "5d ends exited"])
    }

    @Test func anEndedRunStaysEnded() throws {
        var play = Play(try trial())
        _ = try play.run([("0s", "Start"), ("1d", "Installed"), ("2d", "Installed")])
        #expect(play.told.count == 2)
        #expect(play.runs[""]?.outcome == .converted)
    }

    @Test(arguments: [
        ("run.count(\"Installed\") * 10", JSON.int(10)), ("1.5 + 2.0", .double(3.5)), ("stage", .null),
        ("1 / 0", .null), ("contact.seats", .int(3)), ("1000000000000001", .null),
        ("-1000000000000000", .int(-1_000_000_000_000_000)),
        ("1e300 * -1.0", .null),
    ])
    func aGoalIsWorthWhatItSaysWhenItIsReached(value: String, worth: JSON) throws {
        var play = Play(
            try journey([a], goal: "run.did(\"Installed\")", within: .days(14), value: value),
            contact: .object(["seats": .int(3)]))
        _ = try play.run([("0s", "Start"), ("1d", "Installed"), ("2d", "Installed")])
        #expect(play.decisions.last?.saw["value"] == worth)
    }

    @Test func itIsWorthWhatWasKnownBeforeItLapsed() throws {
        let journey = try journey(
            [a], goal: "run.did(\"Installed\")", within: .days(14), value: "run.count(\"Installed\")")
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        let first = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc))
        facts.now = start + .days(15)
        facts.history = History(
            [1, 14].map { HistoryEvent(at: start + .days($0), eventID: "i\($0)", name: "Installed") })
        let late = try journey.step(first.run, in: World(facts: facts, contact: anne, zone: .utc))
        let worth = late.effects.compactMap { effect -> JSON? in
            if case .decide(let decision) = effect { decision.saw["value"] } else { nil }
        }
        #expect(worth == [.int(1)])
    }

    @Test func aGoalThatSaysNothingOfItIsWorthNothing() throws {
        var play = Play(try trial())
        _ = try play.run([("0s", "Start"), ("1d", "Installed")])
        #expect(play.decisions.last?.saw["value"] == nil)
    }
}
