import Expressions
import JourneyProgram
import Model
import Testing

/// What keeps a step from sending.
struct GuardTests {
    private func mail(_ name: String, _ then: Step.Late.Consequence) -> Step {
        .email(name: name, template: name, guards: .init(late: .init(after: .hours(6), then: then)))
    }

    /// Steps a run that waits for a day, so many hours after the day is over.
    private func resumed(_ steps: [Step], late hours: Int64) throws -> Activation {
        let journey = try journey([.wait(.days(1))] + steps)
        var facts = Facts(now: Timestamp(seconds: 0))
        let run = try journey.start(
            at: .end(of: facts.now), in: World(facts: facts, contact: anne, zone: .utc)
        ).run
        facts.now = Timestamp(seconds: 0) + .days(1) + .hours(hours)
        return try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc))
    }

    private func told(_ activation: Activation) -> [String] {
        activation.effects.map { effect in
            switch effect {
            case .send(_, let template, _): template
            case .call(_, let call): call.name
            case .decide(let decision): "\(decision.step): \(decision.choice)"
            case .end(let outcome): outcome.rawValue
            case .change: "change"
            }
        }
    }

    @Test func whatIsLateIsSkippedOrEndsTheRun() throws {
        let b = Step.email(name: "b", template: "b")
        #expect(try told(resumed([mail("a", .skip), b], late: 6)) == ["a"])
        #expect(try told(resumed([mail("a", .skip), b], late: 7)) == ["a: late: skip", "b"])
        #expect(
            try told(resumed([mail("a", .end), b], late: 7)) == ["a: late: end", "end: finished", "finished"])
        // What branches on the way does not make it punctual.
        let branch = Step.branch(try condition("true"), then: [mail("a", .skip)], otherwise: [])
        #expect(try told(resumed([branch], late: 7)).contains("a: late: skip"))
    }

    @Test func anEventThatComesLateMakesItsStepsLate() throws {
        for (hours, sends) in [(6, true), (7, false)] as [(Int64, Bool)] {
            let journey = try journey([mail("a", .skip)])
            let event = HistoryEvent(at: Timestamp(seconds: 0), eventID: "e", name: "Start")
            let facts = Facts(now: event.at + .hours(hours), history: History([event]))
            let started = try journey.start(at: event.position, in: World(facts: facts, contact: anne, zone: .utc))
            #expect(told(started).contains("a") == sends)
        }
    }

    @Test func nobodyGetsTwiceWhatGoesOnce() throws {
        let once = Step.email(name: "a", template: "story", guards: .init(isOnce: true))
        let journey = try journey([once, .email(name: "b", template: "story")])
        let facts = Facts(now: Timestamp(seconds: 0))
        for (received, expected) in [(["other"], "story"), (["story"], "a: had before")] as [(Set<String>, String)] {
            let world = World(facts: facts, contact: anne, zone: .utc, received: received)
            let started = try journey.start(at: .end(of: facts.now), in: world)
            #expect(told(started)[1] == expected)
            #expect(started.run.step == (expected == "story" ? "a" : "b"))
        }
        #expect(journey.mentions.templates == ["story"])
    }
}
