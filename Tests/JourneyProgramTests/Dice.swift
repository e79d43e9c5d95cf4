import Expressions
import JourneyProgram
import Model

/// Throws journeys and histories.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    private var names = 0

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    private static let conditions = [
        "run.did(\"X\")", "count(\"Y\") > 2", "!did(\"X\", \"2d\")", "run.count(\"Y\", \"1d\") >= 1",
    ]

    mutating func journey(_ conditions: [String] = Dice.conditions) throws -> Journey {
        let script = try script(conditions)
        return try JourneyProgramTests.journey(
            script.steps, goal: script.goal, within: script.within, exit: script.exit)
    }

    mutating func script(_ conditions: [String] = Dice.conditions) throws -> NaiveInterpreter.Script {
        let goal = below(2) == 0 ? nil : conditions[below(conditions.count)]
        let exit = below(3) == 0 ? "run.did(\"Y\") && run.did(\"X\")" : nil
        let steps = try steps(depth: 0, conditions)
        return .init(
            steps: steps, goal: goal, within: below(3) == 0 ? nil : .days(Int64(1 + below(10))), exit: exit)
    }

    mutating func steps(depth: Int = 0, _ conditions: [String] = Dice.conditions) throws -> [Step] {
        var steps: [Step] = []
        for _ in 0..<below(5) { steps.append(try step(depth: depth, conditions)) }
        return steps
    }

    private mutating func step(depth: Int, _ conditions: [String]) throws -> Step {
        switch below(depth > 3 ? 6 : 14) {
        case 0, 1:
            names += 1
            // Who is punctual is never late.
            let late = Step.Late(after: .minutes(Int64(1 + below(60))), then: below(2) == 0 ? .skip : .end)
            if below(3) == 0 {
                let targets: [Step.Call.Target] = [.webhook("t"), .team("t"), .visitor("t")]
                let call = Step.Call(targets[below(3)], content: .string("t"))
                return .call(name: "m\(names)", call, late: below(2) == 0 ? late : nil)
            }
            return .email(name: "m\(names)", template: "t", guards: .init(late: below(2) == 0 ? late : nil))
        case 2: return .wait(.hours(Int64(1 + below(60))))
        case 3: return .waitUntil(workday())
        case 4: return .waitUntilDate(date())
        case 5:
            let given = GivenPoints(model: "heat", points: 5_000)
            let changes: [Step.Change] = [
                .attributes(["plan": .int(7)]), .stage("care"), .start(journey: "other"), .points(given),
            ]
            return .change(changes[below(4)])
        case 6:
            return .branch(
                try condition(conditions[below(conditions.count)]), then: try steps(depth: depth + 1, conditions),
                otherwise: try steps(depth: depth + 1, conditions))
        case 7:
            let wait = Step.EventWait(event: "X", when: nil, atMost: .hours(Int64(1 + below(60))))
            return .waitFor(
                wait, then: try steps(depth: depth + 1, conditions), otherwise: try steps(depth: depth + 1, conditions))
        case 8: return .end
        case 9: return try choice(depth: depth + 1, conditions)
        case 10: return try selection(depth: depth + 1, conditions)
        case 11: return try split(depth: depth + 1, conditions)
        case 12: return try wait(depth: depth + 1, conditions)
        default:
            let until = below(2) == 0 ? try condition(conditions[below(conditions.count)]) : nil
            return .loop(times: 2 + below(2), until: until, try steps(depth: depth + 2, conditions))
        }
    }

    /// Some of the days that histories reach are holidays.
    private mutating func workday() -> DailyTime {
        var holidays = Holidays()
        for _ in 0..<below(4) {
            let isAdded = holidays.add("2026-03-\(10 + below(20))") && holidays.add("03-0\(1 + below(9))")
            precondition(isAdded)
        }
        return DailyTime(hour: below(24), minute: below(60), days: DailyTime.workdays, holidays: holidays)!
    }

    /// `ends` is an attribute, and `gone` is none.
    private mutating func date() -> ContactDate {
        ContactDate(
            path: [below(4) == 0 ? "gone" : "ends"], offset: .days(Int64(below(30)) - 15),
            minuteOfDay: below(2) == 0 ? below(1440) : nil, isYearly: below(3) == 0)
    }

    private mutating func choice(depth: Int, _ conditions: [String]) throws -> Step {
        let arms = try (0...below(3)).map { _ in
            Step.Arm(
                when: try condition(conditions[below(conditions.count)]), steps: try steps(depth: depth, conditions))
        }
        return .choose(arms, otherwise: try steps(depth: depth, conditions))
    }

    private mutating func selection(depth: Int, _ conditions: [String]) throws -> Step {
        let cases = try ["0", "1", "3"].map { Step.Case(value: $0, steps: try steps(depth: depth, conditions)) }
        let value = try Expression("run.count(\"Y\")", scope: .run, expecting: .dyn)
        return .select(value, cases: cases, otherwise: try steps(depth: depth, conditions))
    }

    private mutating func split(depth: Int, _ conditions: [String]) throws -> Step {
        names += 1
        let name = "s\(names)"
        let shares = try ["a", "b", "holdout"].map {
            Step.Share(name: $0, weight: 1 + below(50), steps: try steps(depth: depth, conditions))
        }
        return .split(name: name, shares)
    }

    private mutating func wait(depth: Int, _ conditions: [String]) throws -> Step {
        let whats: [Step.Awaitable] = [
            .event("X", when: nil), .event("Z", when: nil),
            .condition(try condition(conditions[below(conditions.count)])),
        ]
        let awaited = try whats[..<(1 + below(3))].shuffled(using: &self).map { what in
            Step.Awaited(what, steps: below(2) == 0 ? nil : try steps(depth: depth, conditions))
        }
        return .await(
            awaited, atMost: .hours(Int64(1 + below(60))), then: try steps(depth: depth, conditions),
            otherwise: try steps(depth: depth, conditions))
    }

    mutating func history(from start: Timestamp) -> [HistoryEvent] {
        let random = (0..<30).map { index in
            HistoryEvent(
                at: start + .minutes(Int64(below(30_000))), eventID: "e\(index)", name: ["X", "Y", "Z"][below(3)])
        }
        return [HistoryEvent(at: start, eventID: "start", name: "Start")] + random
    }
}
