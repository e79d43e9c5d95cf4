import Expressions
import JourneyProgram
import Model
import Testing

struct BranchTests {
    private func mail(_ name: String) -> [Step] { [.email(name: name, template: name)] }

    private func start(_ journey: Journey, _ contact: UniqueID = anne, plan: JSON? = nil) throws -> Activation {
        var facts = Facts(now: Timestamp(seconds: 0))
        if let plan { facts.contact = .object(["plan": plan]) }
        return try journey.start(at: .end(of: facts.now), in: World(facts: facts, contact: contact, zone: .utc))
    }

    private func choice(_ journey: Journey, _ contact: UniqueID = anne, plan: JSON? = nil) throws -> Decision? {
        try start(journey, contact, plan: plan).effects.compactMap {
            if case .decide(let decision) = $0, decision.step != "enter" { decision } else { nil }
        }.first
    }

    @Test(arguments: [("gold", "then"), ("pro", "elif 1"), ("free", "elif 2"), ("other", "else")])
    func theFirstConditionThatHoldsDecides(plan: String, chosen: String) throws {
        let arms = try ["gold", "pro", "free"].map {
            Step.Arm(when: try condition("contact.plan == \"\($0)\""), steps: mail($0))
        }
        let decision = try choice(try journey([.choose(arms, otherwise: mail("other"))]), plan: .string(plan))
        #expect(decision?.step == "if 1" && decision?.choice == chosen)
        #expect(decision?.saw[chosen == "else" ? "conditions" : "condition"] != nil)
    }

    @Test(arguments: [
        (JSON.string("pro"), "case pro"), (.int(7), "case 7"), (.double(7), "case 7"), (.bool(true), "case true"),
        (.null, "else"), (.array([]), "else"), (.string("x"), "else"), (.string(""), "else"),
    ])
    func aSwitchGoesByTheValuesText(plan: JSON, chosen: String) throws {
        let value = try Expression("contact.plan", scope: .run, expecting: .dyn)
        let cases = ["pro", "7", "true"].map { Step.Case(value: $0, steps: mail("m\($0)")) }
        let journey = try journey([.select(value, cases: cases, otherwise: mail("none"))])
        let decision = try choice(journey, plan: plan)
        #expect(decision?.step == "switch 1" && decision?.choice == chosen)
        #expect(try choice(journey)?.choice == "else")
    }

    private func split(_ weights: [(String, Int)], named name: String? = nil) throws -> Journey {
        try journey([
            .split(
                name: name,
                weights.map { Step.Share(name: $0.0, weight: $0.1, steps: $0.0 == "holdout" ? [] : mail($0.0)) })
        ])
    }

    @Test func aSplitFollowsItsWeights() throws {
        let journey = try split([("a", 50), ("b", 30), ("holdout", 20)])
        var counts: [String: Int] = [:]
        for number in 0..<3000 {
            let contact = UniqueID.derived("test", "\(number)")
            let decision = try #require(try choice(journey, contact))
            #expect(try choice(journey, contact) == decision)
            counts[decision.choice, default: 0] += 1
        }
        // Four standard deviations are less than 110 of 3000.
        for (name, share) in [("a", 1500), ("b", 900), ("holdout", 600)] {
            #expect(abs(counts[name, default: 0] - share) < 110, "\(counts)")
        }
    }

    /// Whoever is in the first share stays there when it grows, and two splits of one journey are independent.
    @Test func aContactFallsTheSameWayWhateverTheVersion() throws {
        let (before, after) = (
            try split([("a", 10), ("b", 90)], named: "t"), try split([("a", 20), ("b", 80)], named: "t")
        )
        let other = try split([("a", 10), ("b", 90)], named: "u")
        var (first, both) = (0, 0)
        for number in 0..<500 {
            let contact = UniqueID.derived("test", "\(number)")
            guard try choice(before, contact)?.choice == "a" else { continue }
            first += 1
            #expect(try choice(after, contact)?.choice == "a")
            if try choice(other, contact)?.choice == "a" { both += 1 }
        }
        #expect(first > 20 && both < first / 2)
    }

    @Test func aHoldOutTakesNoStepsOfTheSplitAndGoesOnBehindIt() throws {
        var play = Play(
            try journey(
                [
                    .split(
                        name: nil,
                        [
                            Step.Share(name: "holdout", weight: 1_000_000, steps: []),
                            Step.Share(name: "a", weight: 1, steps: mail("a")),
                        ])
                ] + mail("behind")))
        #expect(try play.run([("0s", "Start")]) == ["0s behind", "0s ends finished"])
        #expect(play.decisions[1].step == "split 1" && play.decisions[1].choice == "holdout")
    }

    @Test func whatRepeatsHasItsPassesNumbered() throws {
        let inner = Step.loop(times: 2, until: nil, mail("a"))
        var play = Play(try journey([.loop(times: 2, until: nil, [inner, .wait(.days(1))])]))
        #expect(try play.run([("0s", "Start")]) == ["0s a", "0s a#2", "1d a#3", "1d a#4", "2d ends finished"])
    }

    @Test func aRepetitionEndsWhenItsConditionHoldsBeforeAPass() throws {
        let steps = mail("a") + [.wait(.days(1))]
        let loop = Step.loop(times: 5, until: try condition("run.did(\"X\")"), steps)
        var play = Play(try journey([loop] + mail("b")))
        #expect(
            try play.run([("0s", "Start"), ("1d5h", "X")]) == ["0s a", "1d a#2", "2d b", "2d ends finished"])
        let taken = play.decisions.filter { $0.step == "repeat 1" }
        #expect(taken.map(\.visit) == [1, 2, 3] && taken.map(\.choice) == ["pass 1", "pass 2", "leave"])
        let run = UniqueID(high: 1, low: 1)
        #expect(Set(taken.map { Journey.decisionID(run: run, step: $0.step, visit: $0.visit) }).count == 3)
        #expect(try journey([loop]).emailSteps.map(\.step) == ["a"])
    }

    @Test func aJourneyIsNoLongerThanItsTableHolds() {
        let nested = (0..<5).reduce(mail("a")) { steps, _ in [.loop(times: 10, until: nil, steps)] }
        let error = #expect(throws: JourneyError.self) { try journey(nested) }
        #expect(error?.code == .tooManySteps)
    }
}

/// What systems answer that a run has told something.
struct AnswerTests {
    private func activation(_ verdict: MessageVerdict?, answered: JSON? = nil) throws -> Activation {
        let vip = try condition(#"answers["ask"].body.vip && answers["ask"].status == 200"#)
        let journey = try journey([
            .call(name: "ask", Step.Call(.webhook("crm"), content: .object([:]))),
            .branch(vip, then: [.email(name: "vip", template: "t")], otherwise: []), .wait(.days(1)),
            .branch(vip, then: [.email(name: "still", template: "t")], otherwise: []),
        ])
        let facts = Facts(now: Timestamp(seconds: 0))
        let run = try journey.start(at: .end(of: facts.now), in: World(facts: facts, contact: anne, zone: .utc)).run
        #expect(run.awaitedMessage == StepVisit(step: "ask", visit: 1))
        let verdicts = verdict.map { [StepVisit(step: "ask", visit: 1): $0] } ?? [:]
        return try journey.step(run, in: World(facts: facts, contact: anne, zone: .utc, verdicts: verdicts))
    }

    @Test func conditionsSeeWhatAStepWasAnswered() throws {
        func sends(_ answer: JSON?) throws -> Bool {
            let verdict = MessageVerdict(.sent, at: Timestamp(seconds: 0), answer: answer)
            return try activation(verdict).effects.contains { if case .send = $0 { true } else { false } }
        }
        #expect(try sends(.object(["status": .int(200), "body": .object(["vip": .bool(true)])])))
        #expect(try !sends(.object(["status": .int(200), "body": .object(["vip": .bool(false)])])))
        #expect(try !sends(.object(["status": .int(204)])))
        #expect(try !sends(nil))
    }

    @Test func theRunKeepsIt() throws {
        let answer = JSON.object(["status": .int(200), "body": .object(["vip": .bool(true)])])
        let run = try activation(MessageVerdict(.refused, at: Timestamp(seconds: 0), answer: answer)).run
        #expect(try RunState(json: JSON(parsing: run.json.serialized)) == run)
        #expect(run.answers["ask"]?["outcome"]?.string == "refused")
    }

    @Test func onlyRunsHaveAnswers() throws {
        #expect(try condition("answers.ask.status == 200").mentionedAnswers == ["ask"])
        #expect(throws: ExpressionError.self) { _ = try condition("answers.ask.status == 200", .audience) }
    }
}
