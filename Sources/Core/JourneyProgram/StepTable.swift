import Expressions
import Model

/// The steps of a journey, laid out so that each place leads to lower places only: whatever happens, a run ends.
struct StepTable: Sendable {
    /// A line of the table; the highest belongs to the first step, place 0 is the end.
    typealias Place = Int

    struct Line: Sendable {
        /// How decisions name the step: an e-mail by its name, others by kind and position (`if 3`, `wait 3.then.1`).
        var name: String
        var operation: Operation
        var next: Place
    }

    enum Operation: Sendable {
        case email(template: String)
        case wait(Span)
        case waitUntil(DailyTime)
        case waitFor(Step.EventWait, otherwise: Place)
        case branch(Expression, otherwise: Place)
        case end
    }

    private(set) var lines = [Line(name: "end", operation: .end, next: 0)]
    private(set) var first: Place = 0
    private var places: [String: Place] = ["end": 0]

    init(_ steps: [Step]) throws(JourneyError) {
        first = try lay(steps, at: "", before: 0)
    }

    func place(named name: String) -> Place? { places[name] }

    private mutating func lay(_ steps: [Step], at path: String, before end: Place) throws(JourneyError) -> Place {
        var next = end
        for (index, step) in steps.enumerated().reversed() {
            next = try lay(step, at: "\(path)\(index + 1)", before: next)
        }
        return next
    }

    private mutating func lay(_ step: Step, at path: String, before next: Place) throws(JourneyError) -> Place {
        switch step {
        case .email(let name, let template): try append(name, .email(template: template), next)
        case .wait(let span): try append("wait \(path)", .wait(span), next)
        case .waitUntil(let time): try append("wait \(path)", .waitUntil(time), next)
        case .end: 0
        case .waitFor(let wait, let then, let otherwise):
            try branches(path, then, otherwise, next) { .waitFor(wait, otherwise: $0) }
        case .branch(let condition, let then, let otherwise):
            try branches(path, then, otherwise, next) { .branch(condition, otherwise: $0) }
        }
    }

    private mutating func branches(
        _ path: String, _ then: [Step], _ otherwise: [Step], _ next: Place, _ operation: (Place) -> Operation
    ) throws(JourneyError) -> Place {
        let otherwise = try lay(otherwise, at: "\(path).else.", before: next)
        let then = try lay(then, at: "\(path).then.", before: next)
        let operation = operation(otherwise)
        if case .waitFor = operation { return try append("wait_for \(path)", operation, then) }
        return try append("if \(path)", operation, then)
    }

    private mutating func append(_ name: String, _ operation: Operation, _ next: Place) throws(JourneyError) -> Place {
        guard places[name] == nil else {
            throw JourneyError(code: .duplicateStep, message: "two steps are named \"\(name)\"")
        }
        places[name] = lines.count
        lines.append(Line(name: name, operation: operation, next: next))
        return lines.count - 1
    }
}

extension StepTable {
    /// In the order in which they are written.
    var emailSteps: [(step: String, template: String)] {
        lines.reversed().compactMap { line in
            if case .email(let template) = line.operation { (line.name, template) } else { nil }
        }
    }
}
