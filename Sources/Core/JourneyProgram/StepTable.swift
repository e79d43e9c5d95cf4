import Expressions
import Model

/// The steps of a journey, laid out so that each place leads to lower places only: whatever happens, a run ends. What
/// repeats stands in the table once for each pass.
struct StepTable: Sendable {
    /// A line of the table; the highest belongs to the first step, place 0 is the end.
    typealias Place = Int

    /// Where a run is at its end.
    static let end: Place = 0

    /// The most lines that a journey may come to.
    static let limit = 20_000

    struct Line: Sendable {
        /// How decisions name the step: what plans a message by its name, others by kind and position (`if 3`, `wait 3.then.1`).
        var name: String
        /// The pass, of all that what repeats around the step may come to; above 1 only there.
        var visit: Int
        var operation: Operation
        /// Where it goes on; of a step with branches, where nothing leads to another one.
        var next: Place
    }

    enum Operation: Sendable {
        case email(template: String, Step.Guards)
        case stream(Step.Stream, Step.Guards, exhausted: Place)
        case test(Step.Test, Step.Guards)
        case call(Step.Call, late: Step.Late?)
        case wait(Span)
        case waitUntil(DailyTime)
        case waitUntilDate(ContactDate)
        case await([Awaited], atMost: Span)
        case choose([Arm])
        case select(Expression, [(value: String, place: Place)])
        case split([Share])
        case change(Step.Change)
        /// Leaves what repeats where the condition holds.
        case leave(Expression, Place)
        case end
    }

    struct Awaited: Sendable {
        var what: Step.Awaitable
        /// How decisions name it: `then`, `any 2`.
        var choice: String
        var place: Place
    }

    struct Arm: Sendable {
        var when: Expression
        /// How decisions name it: `then`, `elif 2`.
        var choice: String
        var place: Place
    }

    struct Share: Sendable {
        var name: String
        var weight: Int
        var place: Place
    }

    private struct Key: Hashable {
        var name: String
        var visit: Int
    }

    private(set) var lines: [Line] = []
    private(set) var first: Place = 0
    private var places: [Key: Place] = [:]

    init(_ steps: [Step]) throws(JourneyError) {
        _ = try append("end", 1, .end, 0)
        first = try lay(steps, at: "", visit: 1, before: 0)
    }

    func place(named name: String, visit: Int) -> Place? { places[Key(name: name, visit: visit)] }

    private mutating func append(
        _ name: String, _ visit: Int, _ operation: Operation, _ next: Place
    ) throws(JourneyError) -> Place {
        let key = Key(name: name, visit: visit)
        guard places[key] == nil else {
            throw JourneyError(code: .duplicateStep, message: "two steps are named \"\(name)\"")
        }
        guard lines.count < Self.limit else {
            throw JourneyError(
                code: .tooManySteps, message: "with all that repeats there are more than \(Self.limit) steps")
        }
        places[key] = lines.count
        lines.append(Line(name: name, visit: visit, operation: operation, next: next))
        return lines.count - 1
    }
}

// MARK: Laying out

extension StepTable {
    private mutating func lay(
        _ steps: [Step], at path: String, visit: Int, before end: Place
    ) throws(JourneyError) -> Place {
        var next = end
        for (index, step) in steps.enumerated().reversed() {
            next = try lay(step, at: "\(path)\(index + 1)", visit: visit, before: next)
        }
        return next
    }

    private mutating func lay(
        _ step: Step, at path: String, visit: Int, before next: Place
    ) throws(JourneyError) -> Place {
        switch step {
        case .email(let name, let template, let guards):
            return try append(name, visit, .email(template: template, guards), next)
        case .stream(let name, let stream, let guards, let exhausted):
            let exhausted = try lay(exhausted, at: "\(path).exhausted.", visit: visit, before: next)
            return try append(name, visit, .stream(stream, guards, exhausted: exhausted), next)
        case .test(let name, let test, let guards): return try append(name, visit, .test(test, guards), next)
        case .call(let name, let call, let late): return try append(name, visit, .call(call, late: late), next)
        case .wait(let span): return try append("wait \(path)", visit, .wait(span), next)
        case .waitUntil(let time): return try append("wait \(path)", visit, .waitUntil(time), next)
        case .waitUntilDate(let date): return try append("wait \(path)", visit, .waitUntilDate(date), next)
        case .change(let change): return try append("\(change.kind) \(path)", visit, .change(change), next)
        case .end: return 0
        case .loop(let times, let until, let steps):
            return try lay(steps, times: times, until: until, at: path, visit: visit, before: next)
        case .await(let awaited, let atMost, let then, let otherwise):
            let otherwise = try lay(otherwise, at: "\(path).else.", visit: visit, before: next)
            let shared = try lay(then, at: "\(path).then.", visit: visit, before: next)
            let places = try laid(awaited) { (table, index, each) throws(JourneyError) in
                let own = try each.steps.map { (steps) throws(JourneyError) in
                    try table.lay(steps, at: "\(path).wait_for.any.\(index).then.", visit: visit, before: next)
                }
                return Awaited(
                    what: each.what, choice: awaited.count == 1 ? "then" : "any \(index)", place: own ?? shared)
            }
            return try append("wait_for \(path)", visit, .await(places, atMost: atMost), otherwise)
        case .choose(let arms, let otherwise):
            let otherwise = try lay(otherwise, at: "\(path).else.", visit: visit, before: next)
            let arms = try lay(arms, at: path, visit: visit, before: next)
            return try append("if \(path)", visit, .choose(arms), otherwise)
        case .select(let value, let cases, let otherwise):
            let otherwise = try lay(otherwise, at: "\(path).else.", visit: visit, before: next)
            let places = try laid(cases) { (table, index, each) throws(JourneyError) in
                (each.value, try table.lay(each.steps, at: "\(path).cases.\(index).", visit: visit, before: next))
            }
            return try append("switch \(path)", visit, .select(value, places), otherwise)
        case .split(let name, let shares):
            let shares = try laid(shares) { (table, _, share) throws(JourneyError) in
                let place = try table.lay(share.steps, at: "\(path).\(share.name).", visit: visit, before: next)
                return Share(name: share.name, weight: share.weight, place: place)
            }
            return try append("split \(name ?? path)", visit, .split(shares), next)
        }
    }

    private mutating func lay(
        _ arms: [Step.Arm], at path: String, visit: Int, before next: Place
    ) throws(JourneyError) -> [Arm] {
        try laid(arms) { (table, index, arm) throws(JourneyError) in
            let place = index == 1 ? "then" : "elif.\(index - 1).then"
            return Arm(
                when: arm.when, choice: index == 1 ? "then" : "elif \(index - 1)",
                place: try table.lay(arm.steps, at: "\(path).\(place).", visit: visit, before: next))
        }
    }

    /// Lays the last part first, as all of the table.
    private mutating func laid<Part, Laid>(
        _ parts: [Part], _ lay: (inout StepTable, Int, Part) throws(JourneyError) -> Laid
    ) throws(JourneyError) -> [Laid] {
        var laid: [Laid] = []
        for (index, part) in parts.enumerated().reversed() { laid.append(try lay(&self, index + 1, part)) }
        return laid.reversed()
    }

    /// A pass of a repetition within another has a number among all passes of both.
    private mutating func lay(
        _ steps: [Step], times: Int, until: Expression?, at path: String, visit: Int, before end: Place
    ) throws(JourneyError) -> Place {
        var next = end
        for pass in (1...max(1, times)).reversed() {
            let visit = (visit - 1) * times + pass
            next = try lay(steps, at: "\(path).steps.", visit: visit, before: next)
            if let until { next = try append("repeat \(path)", visit, .leave(until, end), next) }
        }
        return next
    }
}

extension StepTable {
    /// What its steps change, in the order in which they are written.
    var changes: [Step.Change] {
        lines.reversed().compactMap {
            if case .change(let change) = $0.operation, $0.visit == 1 { change } else { nil }
        }
    }

    /// The templates that are sent to nobody twice.
    var onceTemplates: Set<String> {
        var templates: Set<String> = []
        for line in lines {
            switch line.operation {
            case .email(let template, let guards) where guards.isOnce: templates.insert(template)
            case .stream(let stream, _, _): templates.formUnion(stream.templates)
            default: continue
            }
        }
        return templates
    }

    /// All that its steps may send to the contact by mail.
    var sentTemplates: Set<String> {
        lines.reduce(into: []) { templates, line in
            switch line.operation {
            case .email(let template, _): templates.insert(template)
            case .stream(let stream, _, _): templates.formUnion(stream.templates)
            case .test(let test, _): templates.formUnion(test.variants)
            default: break
            }
        }
    }

    /// In the order in which they are written.
    var emailSteps: [(step: String, template: String)] {
        lines.reversed().compactMap { line in
            if case .email(let template, _) = line.operation, line.visit == 1 { (line.name, template) } else { nil }
        }
    }
}
