import Model

extension Engine {
    /// Whether a step does not send, and the run goes on or ends; what kept it is recorded.
    mutating func isKept(from template: String, _ guards: Step.Guards, _ line: StepTable.Line) -> Bool {
        if let late = guards.late, world.now > due + late.after {
            let saw: [String: JSON] = ["due": due.told, "late after": .string("\(late.after)")]
            decide(line.name, visit: line.visit, "late: \(late.then.rawValue)", saw)
            go(to: late.then == .skip ? line.next : StepTable.end, since: since, behind: behind)
            return true
        }
        guard guards.isOnce, world.received.contains(template) else { return false }
        decide(line.name, visit: line.visit, "had before", ["template": .string(template)])
        go(to: line.next, since: since, behind: behind)
        return true
    }
}
