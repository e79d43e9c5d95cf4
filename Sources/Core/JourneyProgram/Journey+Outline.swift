import Expressions
import Model

extension Journey {
    /// A step as decisions name it, with the ways on from it.
    public struct OutlinedStep: Sendable, Hashable {
        public var name: String
        /// What may be chosen there; empty for a step from which there is one way on.
        public var choices: [String]
        /// What a run waits for there: names of events, and conditions.
        public var awaits: [String]
    }

    /// The steps in the order in which they are written; of what repeats, the first pass.
    public var outline: [OutlinedStep] {
        table.lines.dropFirst().reversed().filter { $0.visit == 1 }.map { line in
            OutlinedStep(name: line.name, choices: line.operation.choices, awaits: line.operation.awaits)
        }
    }
}

extension StepTable.Operation {
    fileprivate var choices: [String] {
        switch self {
        case .await(let awaited, _): awaited.map(\.choice) + ["else"]
        case .choose(let arms): arms.map(\.choice) + ["else"]
        case .select(_, let cases): cases.map { "case \($0.value)" } + ["else"]
        case .split(let shares): shares.map(\.name)
        case .leave: ["pass", "leave"]
        case .stream: ["exhausted"]
        default: []
        }
    }

    fileprivate var awaits: [String] {
        if case .await(let awaited, _) = self { awaited.map(\.what.told) } else { [] }
    }
}

extension Journey {
    /// The conditions of its entry, its goal, its exit and its steps, as they are written. A case of a switch is told as the
    /// comparison that it stands for.
    public var sources: [String] {
        let conditions = entry.conditions + [goal?.when, goal?.value, exit].compactMap(\.self) + table.conditions
        return conditions.map(\.source) + table.cases
    }

    /// The dates that start it, and those that its runs wait for.
    public var dates: [ContactDate] {
        let awaited = table.lines.lazy.filter { $0.visit == 1 }.compactMap { line -> ContactDate? in
            if case .waitUntilDate(let date) = line.operation { date } else { nil }
        }
        guard case .date(let date, _) = entry.trigger else { return Array(awaited) }
        return [date] + awaited
    }
}

extension StepTable {
    /// `contact.plan == "pro"` for each case.
    fileprivate var cases: [String] {
        lines.lazy.filter { $0.visit == 1 }.flatMap { line -> [String] in
            guard case .select(let value, let cases) = line.operation else { return [] }
            return cases.map { "\(value.source) == \($0.value.caseLiteral)" }
        }
    }
}

extension String {
    /// What a case stands for: a whole number, a truth value or a text, as conditions write it.
    fileprivate var caseLiteral: String {
        Int64(self) != nil || Bool(self) != nil ? self : String(decoding: JSON.string(self).serialized, as: UTF8.self)
    }
}
