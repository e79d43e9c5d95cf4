import Model

extension Engine {
    /// Whether a step does not send, and the run goes on or ends; what kept it is recorded.
    mutating func isKept(from template: String, _ guards: Step.Guards, _ line: StepTable.Line) -> Bool {
        if isLate(guards.late, line) { return true }
        guard guards.isOnce, world.received.contains(template) else { return false }
        decide(line.name, visit: line.visit, "had before", ["template": .string(template)])
        go(to: line.next, since: since, behind: behind)
        return true
    }

    /// Whether a step is passed over, or the run ends, since it is reached late.
    mutating func isLate(_ late: Step.Late?, _ line: StepTable.Line) -> Bool {
        guard let late, world.now > due + late.after else { return false }
        let saw: [String: JSON] = ["due": due.told, "late after": .string("\(late.after)")]
        decide(line.name, visit: line.visit, "late: \(late.then.rawValue)", saw)
        go(to: late.then == .skip ? line.next : StepTable.end, since: since, behind: behind)
        return true
    }
}
