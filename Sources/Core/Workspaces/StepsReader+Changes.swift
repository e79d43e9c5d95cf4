import JourneyProgram
import Model

extension StepsReader {
    func set(_ node: YAMLNode) -> Step? {
        guard let value = only("set", node) else { return nil }
        guard let members = value.members, !members.isEmpty else {
            inspection.report(
                .invalid, "\"set\" must be a mapping from attributes to values", at: value.place,
                help: "such as set: {trial: over}")
            return nil
        }
        var values: [String: JSON] = [:]
        for member in members {
            guard isAttribute(member), let value = self.value(member.value) else { continue }
            values[member.key] = value
        }
        return values.count == members.count ? .change(.attributes(values)) : nil
    }

    func stage(_ node: YAMLNode) -> Step? {
        guard let value = only("stage", node) else { return nil }
        guard let known = names.stages else { return inspection.text(value, "a stage").map { .change(.stage($0)) } }
        if names.followsStages {
            inspection.report(
                .invalid, "stages follow their conditions here, and none can be given", at: value.place,
                help: "stages.yaml says regress: follow")
        }
        return inspection.reference(value, "stage", among: known, called: "stages").map { .change(.stage($0)) }
    }

    func start(_ node: YAMLNode) -> Step? {
        guard let value = only("start", node) else { return nil }
        return inspection.reference(value, "journey", among: names.journeys, called: "journeys")
            .map { .change(.start(journey: $0)) }
    }

    /// The value of the only key that a step has.
    private func only(_ key: String, _ node: YAMLNode) -> YAMLNode? {
        Fields(node, of: "a \(key) step", keys: [key], in: inspection)?[key]
    }

    private func isAttribute(_ member: YAMLNode.Member) -> Bool {
        if member.key == "email" {
            inspection.report(
                .invalid, "no journey sets an address", at: member.keyPlace, help: "it is what the person says it is")
            return false
        }
        guard member.key.isAttributeName else {
            inspection.report(
                .invalid, "\"\(member.key)\" is not the name of an attribute", at: member.keyPlace,
                help: "letters, digits and '_'")
            return false
        }
        return true
    }

    private func value(_ node: YAMLNode) -> JSON? {
        guard case .scalar = node.content else {
            inspection.report(
                .invalid, "an attribute's value is a text, a number, true, false or null", at: node.place)
            return nil
        }
        return node.json
    }
}
