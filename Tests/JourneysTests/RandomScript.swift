import TestSupport

/// Throws journeys, as their files have them.
struct RandomScript {
    private var dice: Dice
    private let journey: Int
    private var names = 0

    private init(_ journey: Int, dice: Dice) {
        self.journey = journey
        self.dice = dice
    }

    /// The file of a journey that an event of its own begins.
    static func file(of journey: Int, _ dice: inout Dice) -> String {
        var script = RandomScript(journey, dice: dice)
        let file = script.file()
        dice = script.dice
        return file
    }

    private mutating func file() -> String {
        let goal = below(2) == 0 ? nil : "goal: {when: \(condition()), within: \(1 + below(12))d}"
        let exit = below(3) == 0 ? "exit: {when: run.did(\"Y\") && run.did(\"X\")}" : nil
        let again = ["never", "after-exit", "per-key, key: event.id"][below(3)]
        let head = ["journey: random-\(journey)", "enter: {event: Start, again: \(again)}", goal, exit]
        return head.compactMap(\.self).joined(separator: "\n") + "\nsteps: \(steps(depth: 0, atLeast: 2))\n"
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &dice) }

    private mutating func condition() -> String {
        ["run.did(\"X\")", "count(\"Y\") > 2", "'!did(\"X\", \"2d\")'", "'run.count(\"Y\", \"1d\") >= 1'"][below(4)]
    }

    /// In YAML's form on one line.
    private mutating func steps(depth: Int, atLeast least: Int = 0) -> String {
        var steps: [String] = []
        for _ in 0..<(least + below(4)) { steps.append(step(depth: depth)) }
        return "[\(steps.joined(separator: ", "))]"
    }

    private mutating func step(depth: Int) -> String {
        switch below(depth > 2 ? 5 : 12) {
        case 0, 1:
            names += 1
            return "{email: mail-\(below(3)), step: m\(names)}"
        case 2, 3: return "{wait: \(1 + below(60))h}"
        case 4: return "{wait: {until: \"\(10 + below(14)):\(10 + below(50))\", days: workdays}}"
        case 5, 6:
            return "{if: \(condition()), then: \(steps(depth: depth + 1)), else: \(steps(depth: depth + 1))}"
        case 7:
            names += 1
            let name = "s\(names)"
            let (left, right) = (steps(depth: depth + 1), steps(depth: depth + 1))
            return "{split: {share: {a: \(10 + below(50)), b: 30}}, step: \(name), a: \(left), b: \(right)}"
        case 8, 9:
            let wait = "{event: X, at_most: \(1 + below(60))h}"
            return "{wait_for: \(wait), then: \(steps(depth: depth + 1)), else: \(steps(depth: depth + 1))}"
        case 10:
            let any = "[{event: Z, then: \(steps(depth: depth + 1))}, {when: \(condition())}]"
            return """
                {wait_for: {any: \(any), at_most: \(1 + below(60))h}, then: \(steps(depth: depth + 1)), \
                else: \(steps(depth: depth + 1))}
                """
        default:
            let body = steps(depth: depth + 2, atLeast: 1)
            return "{repeat: {times: \(2 + below(2)), until: \(condition())}, steps: \(body)}"
        }
    }
}
