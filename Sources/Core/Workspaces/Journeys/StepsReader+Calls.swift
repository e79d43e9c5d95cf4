import Content
import Expressions
import JourneyProgram
import Model

extension StepsReader {
    func webhook(_ node: YAMLNode) -> Step? {
        guard
            let fields = Fields(node, of: "a webhook step", keys: ["webhook", "step", "data", "late"], in: inspection)
        else { return nil }
        let data = fields["data"].map(self.data)
        if let data, data == nil { return nil }
        return call(fields, "webhook", among: names.webhooks) {
            .webhook($0)
        } saying: {
            data ?? .object([:])
        }
    }

    func notify(_ node: YAMLNode) -> Step? {
        guard let fields = Fields(node, of: "a notify step", keys: ["notify", "step", "text", "late"], in: inspection)
        else { return nil }
        let text = fields.required("text", help: "what they are told").flatMap(self.told)
        return call(fields, "notify", among: names.teams) {
            .team($0)
        } saying: {
            text.map { .string($0) }
        }
    }

    /// A condition of a step's, which may ask for the answers of steps before it.
    func expression(_ node: YAMLNode, scope: Scope = .run, expecting: ValueType = .bool) -> Expression? {
        let expression = inspection.expression(node, scope: scope, expecting: expecting, names.vocabulary)
        // In what repeats it may be a step of the pass before.
        guard passes == 1 else { return expression }
        for step in (expression?.mentionedAnswers ?? []).sorted() where !callNames.contains(step) {
            inspection.report(
                .unknownName, "no step before this one that could be answered is named \"\(step)\"", at: node.place,
                help: NearMiss.help(for: step, among: callNames.sorted(), called: "steps that tell somebody something"))
        }
        return expression
    }

    private func call(
        _ fields: Fields, _ key: String, among known: [String], _ target: (String) -> Step.Call.Target,
        saying content: () -> JSON?
    ) -> Step? {
        guard let reference = fields[key] else { return nil }
        let plural = key == "webhook" ? "webhooks" : "teams"
        let whom = inspection.reference(reference, key == "webhook" ? key : "team", among: known, called: plural)
        let name = fields["step"].map { inspection.name($0, "a step's name") } ?? whom.map { "\(key)-\($0)" }
        let late = fields["late"].map(self.late)
        if let late, late == nil { return nil }
        let said = content()
        // A fault of its own makes none of what asks for its answer.
        if let name = name ?? reference.text.map({ "\(key)-\($0)" }) { callNames.insert(name) }
        guard let whom, let name, let said else { return nil }
        guard isNew(name, at: (fields["step"] ?? reference).place) else { return nil }
        return .call(name: name, Step.Call(target(whom), content: said), late: late ?? nil)
    }

    private func told(_ node: YAMLNode) -> String? {
        inspection.text(node, "what is told").flatMap { _ in template(node) }
    }

    /// A text that may have merge fields.
    private func template(_ node: YAMLNode) -> String? {
        let text = node.text ?? ""
        do {
            _ = try Template(text, as: .text)
            return text
        } catch {
            inspection.report(.invalid, "\(error)", at: node.place)
            return nil
        }
    }

    /// A value in which every text may have merge fields.
    private func data(_ node: YAMLNode) -> JSON? {
        guard node.members != nil else {
            inspection.report(
                .invalid, "\"data\" must be a mapping, not \(node.kind)", at: node.place,
                help: "such as data: {plan: \"{{contact.plan}}\"}")
            return nil
        }
        return value(node)
    }

    private func value(_ node: YAMLNode) -> JSON? {
        if let members = node.members {
            let values = members.compactMap { member in value(member.value).map { (member.key, $0) } }
            guard values.count == members.count else { return nil }
            return .object(Dictionary(values) { first, _ in first })
        }
        if let elements = node.elements {
            let values = elements.compactMap { value($0) }
            return values.count == elements.count ? .array(values) : nil
        }
        guard case .string = node.json else { return node.json }
        return node.isNull ? .null : template(node).map { .string($0) }
    }
}
