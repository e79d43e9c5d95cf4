import Expressions
import JourneyProgram
import Model
import Testing

/// Where a run goes on when it moves to a newer version of its journey.
@Suite struct SuccessionTests {
    private let a = Step.email(name: "a", template: "a")
    private let b = Step.email(name: "b", template: "b")
    private let docs = Step.EventWait(event: "Docs", when: nil, atMost: .days(3))

    private func target(of step: String, visit: Int = 1, from old: [Step], to new: [Step]) throws -> String? {
        try journey(new).step(succeeding: step, visit: visit, of: try journey(old))
    }

    @Test func aNamedStepIsFoundWhereverItStands() throws {
        let nested = Step.branch(try Expression("stage == 'do'", scope: .run), then: [b], otherwise: [])
        #expect(try target(of: "b", from: [a, b], to: [a, .wait(.days(1)), nested]) == "b")
        #expect(try target(of: "b", from: [a, b], to: [a]) == nil)
    }

    @Test func aWaitIsTheOneBehindItsMailWhateverComesBefore() throws {
        let old = [a, .wait(.days(2)), b, .wait(.days(4))]
        let new = [.wait(.hours(1)), a, .wait(.days(1)), b, .wait(.days(4))]
        #expect(try target(of: "wait 2", from: old, to: new) == "wait 3")
        #expect(try target(of: "wait 4", from: old, to: new) == "wait 5")
        #expect(try target(of: "wait 2", from: old, to: [a, b, .wait(.days(4))]) == nil)
    }

    @Test func aStepOfAnotherKindOrInAnotherBranchIsAnother() throws {
        let old = [a, .wait(.days(2))]
        #expect(try target(of: "wait 2", from: old, to: [a, .waitFor(docs, then: [], otherwise: [])]) == nil)
        #expect(
            try target(of: "wait 2", from: old, to: [a, .waitFor(docs, then: [.wait(.days(2))], otherwise: [])]) == nil)
        let inner = [a, .waitFor(docs, then: [.wait(.days(2))], otherwise: [])]
        #expect(try target(of: "wait 2.then.1", from: inner, to: [.wait(.days(9))] + inner) == "wait 3.then.1")
    }

    @Test func theEndAndPassesAreTheSame() throws {
        #expect(try target(of: "end", from: [a], to: [a, b]) == "end")
        let old = [Step.loop(times: 3, until: nil, [a, .wait(.days(1))])]
        let new = [Step.loop(times: 2, until: nil, [a, .wait(.days(1))])]
        #expect(try target(of: "a", visit: 2, from: old, to: new) == "a")
        #expect(try target(of: "a", visit: 3, from: old, to: new) == nil)
    }

    @Test func whatARunWaitsForMovesWithIt() throws {
        let old = try journey([a, .wait(.days(2)), b])
        let new = try journey([.wait(.hours(1)), a, .wait(.days(5)), b])
        let now = Timestamp(seconds: 1000)
        let world = World(
            facts: Facts(now: now), contact: anne, zone: .utc,
            verdicts: [StepVisit(step: "a", visit: 1): MessageVerdict(.sent, at: now)])
        let waiting = try old.start(at: HistoryPosition(at: now, eventID: "e"), in: world).run
        #expect(waiting.step == "wait 2" && waiting.phase == .waiting(until: now + .days(2)))
        let moved = try #require(new.taking(over: waiting, from: old))
        #expect(moved.step == "wait 3" && moved.phase == .waiting(until: now + .days(2)))
        var later = world
        later.facts = Facts(now: now + .days(2))
        #expect(try new.step(moved, in: later).run.step == "b")
    }

    @Test func everyRunOfTheSameStepsStaysWhereItIs() throws {
        let steps = [
            a, .wait(.days(1)), .wait(.days(1)),
            .waitFor(docs, then: [b, .wait(.days(1))], otherwise: [.wait(.days(2))]),
            .split(
                name: "offer",
                [
                    .init(name: "x", weight: 1, steps: [.wait(.days(1))]),
                    .init(name: "y", weight: 1, steps: [.wait(.days(1))]),
                ]),
        ]
        for step in [
            "a", "wait 2", "wait 3", "wait_for 4", "b", "wait 4.then.2", "wait 4.else.1", "split offer", "wait 5.x.1",
            "wait 5.y.1", "end",
        ] {
            #expect(try target(of: step, from: steps, to: steps) == step)
        }
    }
}
