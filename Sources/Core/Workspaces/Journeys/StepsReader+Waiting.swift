import Expressions
import JourneyProgram
import Model

extension StepsReader {
    func waitFor(_ node: YAMLNode, depth: Int) -> Step? {
        guard let fields = Fields(node, of: "a wait_for", keys: ["wait_for", "then", "else"], in: inspection),
            let wait = fields["wait_for"]
        else { return nil }
        let branches = self.branches(fields, depth: depth)
        let keys = ["event", "when", "any", "at_most"]
        guard let fields = Fields(wait, of: "a wait_for", keys: keys, in: inspection) else { return nil }
        let awaited = self.awaited(fields, depth: depth)
        let atMost = fields.required("at_most", help: "how long to wait, such as 3d")
            .flatMap { inspection.span($0, "\"at_most\"") }
        guard let awaited, let atMost else { return nil }
        return .await(awaited, atMost: atMost, then: branches.then, otherwise: branches.otherwise)
    }

    /// What is waited for; nil where a part of it cannot be read.
    private func awaited(_ fields: Fields, depth: Int) -> [Step.Awaited]? {
        guard let any = fields["any"] else { return awaitable(fields).map { [Step.Awaited($0)] } }
        for key in ["event", "when"] {
            guard let value = fields[key] else { continue }
            inspection.report(
                .invalid, "a wait_for has \"any\" or \"\(key)\", not both", at: value.place,
                help: "put it into the list of any")
        }
        guard let nodes = fields.list("any") else { return nil }
        guard !nodes.isEmpty else {
            inspection.report(.missing, "\"any\" is empty", at: any.place, help: "list events and conditions")
            return nil
        }
        let awaited = nodes.map { self.awaited($0, depth: depth) }
        return awaited.contains { $0 == nil } ? nil : awaited.compactMap(\.self)
    }

    private func awaited(_ node: YAMLNode, depth: Int) -> Step.Awaited? {
        guard
            let fields = Fields(node, of: "one of \"any\"", keys: ["event", "when", "then"], in: inspection)
        else { return nil }
        let steps = fields["then"].map { block($0, "\"then\"", depth: depth + 1) }
        return awaitable(fields).map { Step.Awaited($0, steps: steps) }
    }

    /// An event with what it must be like, or a condition.
    private func awaitable(_ fields: Fields) -> Step.Awaitable? {
        guard let event = fields["event"] else {
            guard let when = fields["when"] else {
                inspection.report(
                    .missing, "a wait_for names an \"event\" or a condition, \"when\"", at: fields.node.place)
                return nil
            }
            return expression(when).map { .condition($0) }
        }
        let when = fields["when"].map { expression($0, scope: [.event, .run]) }
        guard let name = inspection.event(event) else { return nil }
        return .event(name, when: when ?? nil)
    }
}
