import Expressions

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
        default: []
        }
    }

    fileprivate var awaits: [String] {
        if case .await(let awaited, _) = self { awaited.map(\.what.told) } else { [] }
    }
}

extension Journey {
    /// The conditions of its entry, its goal, its exit and its waits, as they are written.
    public var sources: [String] { (entry.conditions + watchedConditions).map(\.source) }
}
