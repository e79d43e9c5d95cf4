import Expressions
import Model

extension Engine {
    mutating func choose(_ arms: [StepTable.Arm], _ line: StepTable.Line) {
        let scene = Scene(world, runStart: run.entry)
        if let arm = arms.first(where: { $0.when.holds(in: scene).holds }) {
            decide(line, arm.choice, ["condition": .string(arm.when.source)], to: arm.place)
        } else if arms.count == 1 {
            decide(line, "else", ["condition": .string(arms[0].when.source)], to: line.next)
        } else {
            decide(line, "else", ["conditions": .array(arms.map { .string($0.when.source) })], to: line.next)
        }
    }

    mutating func select(
        _ expression: Expression, _ cases: [(value: String, place: StepTable.Place)], _ line: StepTable.Line
    ) {
        let text = (try? expression.evaluate(Scene(world, runStart: run.entry)).value)?.keyText
        let saw: [String: JSON] = ["value of": .string(expression.source), "value": text.map { .string($0) } ?? .null]
        if let found = cases.first(where: { $0.value == text }) {
            decide(line, "case \(found.value)", saw, to: found.place)
        } else {
            decide(line, "else", saw, to: line.next)
        }
    }

    mutating func split(_ shares: [StepTable.Share], _ line: StepTable.Line) {
        let total = shares.reduce(0) { $0 + UInt64($1.weight) }
        let draw = Journey.draw(contact: world.contact, journey: journey.name, split: line.name, below: total)
        var end: UInt64 = 0
        let share = shares.first { share in
            end += UInt64(share.weight)
            return draw < end
        }
        guard let share else { return go(to: line.next, since: since, behind: behind) }
        let weights = shares.map { ($0.name, JSON.int(Int64($0.weight))) }
        let saw: [String: JSON] = [
            "share": .object(Dictionary(weights) { first, _ in first }), "draw": .int(Int64(draw)),
        ]
        decide(line, share.name, saw, to: share.place)
    }

    mutating func leave(_ until: Expression, to place: StepTable.Place, _ line: StepTable.Line) {
        let isDone = until.holds(in: Scene(world, runStart: run.entry)).holds
        decide(
            line, isDone ? "leave" : "pass \(line.visit)", ["until": .string(until.source)],
            to: isDone ? place : line.next)
    }

    private mutating func decide(
        _ line: StepTable.Line, _ choice: String, _ saw: [String: JSON], to place: StepTable.Place
    ) {
        decide(line.name, visit: line.visit, choice, saw)
        go(to: place, since: since, behind: behind)
    }
}
