import Expressions
import JourneyProgram
import Model
import Testing

struct WaitForTests {
    private let yes = Step.email(name: "yes", template: "yes")
    private let no = Step.email(name: "no", template: "no")
    private let a = Step.email(name: "a", template: "a")

    private func waitFor(_ when: String? = nil, atMost: Span = .days(3)) throws -> Step {
        let condition = try when.map { try Expression($0, scope: [.event, .run]) }
        return .waitFor(.init(event: "X", when: condition, atMost: atMost), then: [yes], otherwise: [no])
    }

    @Test func theEventLeadsToThen() throws {
        var play = Play(try journey([waitFor()]))
        #expect(try play.run([("0s", "Start"), ("2d", "X")]) == ["2d yes", "2d ends finished"])
    }

    @Test func timeLeadsToElse() throws {
        var play = Play(try journey([waitFor()]))
        #expect(try play.run([("0s", "Start"), ("3d1h", "X")]) == ["3d no", "3d ends finished"])
        #expect(play.decisions.first { $0.step == "wait_for 1" }?.choice == "else")
    }

    @Test func anEventBeforeTheArrivalDoesNotCount() throws {
        var play = Play(try journey([.wait(.days(1)), waitFor()]))
        #expect(try play.run([("0s", "Start"), ("5h", "X")]) == ["4d no", "4d ends finished"])
        var early = Play(try journey([waitFor()]))
        #expect(try early.run([("0s", "X"), ("0s", "Start")]) == ["3d no", "3d ends finished"])
    }

    @Test func anEventOfTheSameInstantCountsByItsID() throws {
        let at = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        for (id, first) in [("a", "3d no"), ("c", "0s yes")] {
            var play = Play(try journey([waitFor()]))
            let events = [
                HistoryEvent(at: at, eventID: "b", name: "Start"), HistoryEvent(at: at, eventID: id, name: "X"),
            ]
            #expect(try play.run(events).first == first)
        }
    }

    @Test func onlyAFittingEventCounts() throws {
        var play = Play(try journey([waitFor("event.properties.value > 10")]))
        let events = [(0, "Start", 0), (1, "X", 5), (2, "X", 50)].map { day, name, value in
            HistoryEvent(
                at: play.start + .days(Int64(day)), eventID: "e\(day)", name: name,
                properties: .object(["value": .int(Int64(value))]))
        }
        #expect(try play.run(events) == ["2d yes", "2d ends finished"])
    }

    @Test func anActivationThatComesLateDecidesAsAPunctualOne() throws {
        let journey = try journey([.wait(.days(1)), waitFor()])
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        let run = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc)
        ).run
        // The timer is three hours late, and the event came in between.
        facts.now = start + .hours(27)
        facts.history.insert(HistoryEvent(at: start + .hours(25), eventID: "x", name: "X"))
        let late = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(late.effects.contains(.send(StepVisit(step: "yes", visit: 1), template: "yes")))
    }

    @Test func anEventBehindTheDeadlineDoesNotCountHoweverLateTheTimer() throws {
        let journey = try journey([waitFor()])
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        let run = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc)
        ).run
        facts.now = start + .days(5)
        facts.history.insert(HistoryEvent(at: start + .days(4), eventID: "x", name: "X"))
        let late = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(late.effects.contains(.send(StepVisit(step: "no", visit: 1), template: "no")))
        facts.history.insert(HistoryEvent(at: start + .days(2), eventID: "y", name: "X"))
        let inTime = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
        #expect(inTime.effects.contains(.send(StepVisit(step: "yes", visit: 1), template: "yes")))
    }

    @Test func behindAMailTheWaitSeesWhatFollowsItsVerdict() throws {
        var play = Play(try journey([a, waitFor(atMost: .days(1))]))
        play.delivery = .hours(2)
        #expect(try play.run([("0s", "Start"), ("1h", "X"), ("3h", "X")]) == ["0s a", "3h yes", "5h ends finished"])
    }

    @Test func anEntryDatedAheadIsNotWhatTheRunWaitsFor() throws {
        let journey = try journey([
            a, .waitFor(.init(event: "Start", when: nil, atMost: .days(1)), then: [yes], otherwise: [no]),
        ])
        let now = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: now)
        let entry = HistoryEvent(at: now + .hours(1), eventID: "s", name: "Start")
        facts.history.insert(entry)
        let run = try journey.start(at: entry.position, in: World(facts: facts, contact: anne, zone: .utc)).run
        let sent = [StepVisit(step: "a", visit: 1): MessageVerdict(.sent, at: now + .seconds(1))]
        facts.now = now + .seconds(1)
        let parked = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc, verdicts: sent))
        #expect(parked.run.phase == .waitingForEvent(behind: entry.position, until: facts.now + .days(1)))
    }

    // MARK: Any of several

    private func any(_ awaited: [Step.Awaited], atMost: Span = .days(3)) -> Step {
        .await(awaited, atMost: atMost, then: [yes], otherwise: [no])
    }

    @Test(arguments: [("Y", "1d a"), ("X", "1d yes"), ("Z", "3d no")])
    func whatComesFirstDecides(event: String, first: String) throws {
        let step = any([.init(.event("X", when: nil)), .init(.event("Y", when: nil), steps: [a])])
        var play = Play(try journey([step]))
        let later = event == "Z" ? [] : [("2d", "X"), ("2d", "Y")]
        #expect(try play.run([("0s", "Start"), ("1d", event)] + later).first == first)
        let chosen = ["Y": "any 2", "X": "any 1", "Z": "else"][event]
        #expect(play.decisions.first { $0.step == "wait_for 1" }?.choice == chosen)
    }

    @Test func aConditionThatTimeAloneMakesTrueEndsTheWaitAtItsInstant() throws {
        let step = any([.init(.condition(try condition("!did(\"X\", \"2d\")")), steps: [a])])
        var play = Play(try journey([step]))
        #expect(try play.run([("0s", "X"), ("1h", "Start"), ("5h", "X")]) == ["2d5h a", "2d5h ends finished"])
        #expect(
            play.decisions.first { $0.step == "wait_for 1" }?.saw["came true"] == .string("!did(\"X\", \"2d\")"))
        let journey = try journey([step])
        #expect(journey.watchedConditions.count == 1 && journey.runMentions.events == ["X"])
    }

    @Test func aConditionThatComesTrueAfterTheTimeIsUpDoesNotCount() throws {
        let journey = try journey([any([.init(.condition(try condition("run.did(\"X\")")), steps: [a])])])
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var facts = Facts(now: start)
        let run = try journey.start(
            at: HistoryPosition(at: start, eventID: "e"), in: World(facts: facts, contact: anne, zone: .utc)
        ).run
        for (day, template) in [(4, "no"), (2, "a")] {
            facts.now = start + .days(5)
            facts.history = History([HistoryEvent(at: start + .days(Int64(day)), eventID: "x", name: "X")])
            let late = try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
            #expect(late.effects.contains(.send(StepVisit(step: template, visit: 1), template: template)))
        }
    }
}
