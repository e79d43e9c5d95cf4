import Expressions
import JourneyProgram
import Model
import Testing

struct StepTests {
    private let a = Step.email(name: "a", template: "a")
    private let b = Step.email(name: "b", template: "b")

    @Test func mailsFollowEachOtherAtTheirWaits() throws {
        var play = Play(try journey([a, .wait(.days(2)), b]))
        #expect(try play.run([("0s", "Start")]) == ["0s a", "2d b", "2d ends finished"])
    }

    @Test func aWaitCountsFromTheFinalVerdict() throws {
        var play = Play(try journey([a, .wait(.days(2)), b]))
        play.delivery = .hours(5)
        #expect(try play.run([("0s", "Start")]) == ["0s a", "2d5h b", "2d10h ends finished"])
    }

    @Test(arguments: MessageVerdict.Outcome.allCases.filter { $0 != .held }) func everyFinalVerdictMovesTheRunOn(
        outcome: MessageVerdict.Outcome
    ) throws {
        let journey = try journey([a, b])
        var facts = Facts(now: Timestamp(seconds: 1000))
        let start = HistoryPosition(at: facts.now, eventID: "e")
        let first = try journey.start(at: start, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(first.run.awaitedMessage == StepVisit(step: "a", visit: 1))
        #expect(first.wake == nil)
        facts.now = Timestamp(seconds: 1100)
        let still = try journey.step(first.run, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(still.run == first.run && still.effects.isEmpty)
        let verdicts = [StepVisit(step: "a", visit: 1): MessageVerdict(outcome, at: Timestamp(seconds: 1050))]
        let next = try journey.step(first.run, in: World(facts: facts, contact: anne, zone: .utc, verdicts: verdicts))
        #expect(next.effects == [.send(StepVisit(step: "b", visit: 1), template: "b")])
    }

    @Test func theStepsOwnNameNamesTheMessage() throws {
        var play = Play(try journey([a, .email(name: "again", template: "a")]))
        #expect(try play.run([("0s", "Start")]) == ["0s a", "0s a as again", "0s ends finished"])
    }

    @Test func aBranchIsTakenOnWhatIsKnownThen() throws {
        let steps: [Step] = [
            .wait(.days(1)), .branch(try condition("run.did(\"Seen\")"), then: [a], otherwise: [b]),
        ]
        var seen = Play(try journey(steps))
        #expect(try seen.run([("0s", "Start"), ("3h", "Seen")]) == ["1d a", "1d ends finished"])
        var unseen = Play(try journey(steps))
        #expect(try unseen.run([("0s", "Start"), ("1d3h", "Seen")]) == ["1d b", "1d ends finished"])
        #expect(
            unseen.decisions.contains(
                Decision(
                    step: "if 2", choice: "else", saw: .object(["condition": .string("run.did(\"Seen\")")]))))
    }

    @Test func afterABranchTheOuterStepsGoOn() throws {
        let steps: [Step] = [.branch(try condition("true"), then: [a], otherwise: []), .wait(.hours(1)), b]
        var play = Play(try journey(steps))
        #expect(try play.run([("0s", "Start")]) == ["0s a", "1h b", "1h ends finished"])
    }

    @Test func theEndSkipsOuterStepsAsWell() throws {
        var play = Play(try journey([.branch(try condition("true"), then: [a, .end], otherwise: []), b]))
        #expect(try play.run([("0s", "Start")]) == ["0s a", "0s ends finished"])
    }

    @Test func anUnknownStepIsAnErrorAndNotACrash() throws {
        let run = try journey([a]).start(
            at: .end(of: Timestamp(seconds: 0)),
            in: World(facts: Facts(now: Timestamp(seconds: 0)), contact: anne, zone: .utc)
        ).run
        let other = try journey([b])
        #expect(throws: JourneyError.self) {
            try other.step(run, in: World(facts: Facts(now: Timestamp(seconds: 1)), contact: anne, zone: .utc))
        }
        let sameName = try journey([
            .waitFor(.init(event: "X", when: nil, atMost: .days(1)), then: [], otherwise: []), a,
        ])
        #expect(throws: Never.self) {
            try sameName.step(run, in: World(facts: Facts(now: Timestamp(seconds: 1)), contact: anne, zone: .utc))
        }
    }

    @Test func twoStepsOfOneNameAreRefused() {
        #expect(throws: JourneyError.self) { try journey([a, .wait(.days(1)), a]) }
        #expect(throws: JourneyError.self) { try journey([.email(name: "end", template: "a")]) }
    }

    @Test func mentionedEventsAreThoseOfAllParts() throws {
        let wait = Step.EventWait(
            event: "Waited", when: try condition("did(\"When\")", [.event, .run]), atMost: .days(1))
        let journey = try journey(
            [.waitFor(wait, then: [.branch(try condition("did(\"If\")"), then: [a], otherwise: [])], otherwise: [])],
            when: "count(\"Entry\") == 2", goal: "run.did(\"Goal\")", within: .days(1), exit: "did(\"Exit\")")
        #expect(journey.mentionedEvents == ["Start", "Entry", "Waited", "When", "If", "Goal", "Exit"])
        #expect(journey.mentions.events == journey.mentionedEvents.subtracting(["Start"]))
        #expect(journey.runMentions.events == ["Waited", "When", "If", "Goal", "Exit"])
        #expect(!journey.runMentions.scores && !journey.runMentions.consents)
        #expect(journey.emailSteps.map(\.step) == ["a"])
    }
}
