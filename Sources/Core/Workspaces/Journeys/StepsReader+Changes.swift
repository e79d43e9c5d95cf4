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

    func score(_ node: YAMLNode) -> Step? {
        guard let value = only("score", node),
            let fields = Fields(value, of: "\"score\"", keys: ["model", "points", "expires"], in: inspection)
        else { return nil }
        let reader = PointsReader(inspection)
        let model = fields.required("model", help: "a score of scores.yaml").flatMap(self.model)
        let points = fields.required("points", help: "such as 10, or -5").flatMap { node in
            reader.points(node).flatMap { isSomething($0, at: node.place) ? $0 : nil }
        }
        let expiry = fields["expires"].map(reader.expiry)
        if let expiry, expiry == nil { return nil }
        guard let model, let points else { return nil }
        let usual = names.scores?.first { $0.name == model }?.expiry
        return .change(.points(GivenPoints(model: model, points: points, expiry: expiry ?? usual)))
    }

    /// The name of a score that takes points.
    private func model(_ node: YAMLNode) -> String? {
        guard let known = names.scores else { return inspection.text(node, "a score") }
        guard let name = inspection.reference(node, "score", among: known.map(\.name), called: "scores") else {
            return nil
        }
        if known.first(where: { $0.name == name })?.takesPoints == true { return name }
        let others = known.filter(\.takesPoints).map(\.name).joined(separator: ", ")
        inspection.report(
            .invalid, "the score \"\(name)\" takes no points: it is made of attributes alone", at: node.place,
            help: others.isEmpty ? "give it \"points\" in scores.yaml" : "scores that take points are \(others)")
        return nil
    }

    private func isSomething(_ points: Int64, at place: YAMLNode.Place) -> Bool {
        if points != 0 { return true }
        inspection.report(.invalid, "a step that gives 0 points does nothing", at: place)
        return false
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
