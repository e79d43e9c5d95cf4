import Expressions
import JourneyProgram
import Model
import Testing

/// Streams send each contact each of their e-mails once.
struct StreamTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private let tips = Step.Stream(name: "tips", templates: ["a", "b", "c"])

    private func started(_ steps: [Step], received: Set<String>) throws -> Activation {
        let world = World(facts: Facts(now: Self.start), contact: anne, zone: .utc, received: received)
        return try journey(steps).start(at: .end(of: Self.start), in: world)
    }

    private func told(_ activation: Activation) -> [String] {
        activation.effects.dropFirst().map { effect in
            switch effect {
            case .send(let visit, let template, _): "\(template) as \(visit.step)"
            case .decide(let decision): "\(decision.step): \(decision.choice)"
            case .end(let outcome): outcome.rawValue
            default: "other"
            }
        }
    }

    @Test func theFirstThatWasNotHadIsSent() throws {
        let steps: [Step] = [.stream(name: "next", tips, exhausted: [.email(name: "last", template: "sorry")])]
        #expect(try told(started(steps, received: [])) == ["a as next"])
        #expect(try told(started(steps, received: ["a", "other"])) == ["b as next"])
        #expect(try told(started(steps, received: ["b"])) == ["a as next"])
        #expect(try told(started(steps, received: ["a", "b", "c"])) == ["next: exhausted", "sorry as last"])
    }

    @Test func withoutABranchTheRunGoesOn() throws {
        let steps: [Step] = [.stream(name: "next", tips, exhausted: []), .email(name: "after", template: "d")]
        #expect(try told(started(steps, received: ["a", "b", "c"])) == ["next: exhausted", "d as after"])
    }

    @Test func behindTheMailTheRunGoesOnPastTheBranch() throws {
        let steps: [Step] = [.stream(name: "next", tips, exhausted: [.email(name: "last", template: "sorry")])]
        let journey = try journey(steps)
        let facts = Facts(now: Self.start)
        let run = try journey.start(
            at: .end(of: facts.now), in: World(facts: facts, contact: anne, zone: .utc)
        ).run
        let visit = StepVisit(step: "next", visit: 1)
        let verdicts = [visit: MessageVerdict(.sent, at: facts.now)]
        let world = World(facts: facts, contact: anne, zone: .utc, verdicts: verdicts, received: ["a"])
        #expect(try journey.step(run, in: world).run.outcome == .finished)
    }

    @Test func whatRepeatsSendsOneAfterTheOther() throws {
        let steps: [Step] = [.loop(times: 2, until: nil, [.stream(name: "next", tips, exhausted: [])])]
        let journey = try journey(steps)
        #expect(journey.sendingSteps == ["next"] && journey.sentTemplates == ["a", "b", "c"])
        #expect(journey.mentions.templates == ["a", "b", "c"])
        #expect(journey.outline.first { $0.name == "next" }?.choices == ["exhausted"])
    }
}
