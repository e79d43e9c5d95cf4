/// Reads `consent` of a form.
struct FormConsentReader {
    let inspection: Inspection
    /// Nil where they could not be read.
    let topics: [Topic]?

    func read(_ node: YAMLNode, among own: [FormDefinition.Field]) -> FormDefinition.Consent? {
        let keys = ["topic", "address", "ticked"]
        guard let fields = Fields(node, of: "a form's \"consent\"", keys: keys, in: inspection) else { return nil }
        let topics = fields.required("topic").map { node in (node.elements ?? [node]).compactMap(topic) } ?? []
        let address = fields.required("address", help: "the field of type email").flatMap {
            field($0, .email, among: own)
        }
        let ticked = fields["ticked"].map { field($0, .checkbox, among: own) }
        guard !topics.isEmpty, let address else { return nil }
        return FormDefinition.Consent(topics: topics, address: address, ticked: ticked ?? nil)
    }

    private func topic(_ node: YAMLNode) -> String? {
        guard let topics else { return inspection.name(node, "a topic's name") }
        guard let name = inspection.reference(node, "topic", among: topics.map(\.name), called: "topics") else {
            return nil
        }
        if topics.first(where: { $0.name == name })?.confirmation == nil {
            inspection.report(
                .invalid, "a form takes anybody's address, and nobody confirms consent to \"\(name)\"", at: node.place,
                help: "give the topic \"double_opt_in: true\"")
        }
        return name
    }

    private func field(
        _ node: YAMLNode, _ kind: FormDefinition.Field.Kind, among own: [FormDefinition.Field]
    ) -> String? {
        let known = own.filter { $0.kind == kind }.map(\.name)
        guard !known.isEmpty else {
            inspection.report(.missing, "the form has no field of type \(kind.rawValue)", at: node.place)
            return nil
        }
        return inspection.reference(node, "field of type \(kind.rawValue)", among: known, called: "fields")
    }
}
