import Expressions

/// Reads `personas.yaml`.
struct PersonasReader {
    private let inspection: Inspection
    private let vocabulary: Vocabulary

    init(_ inspection: Inspection, _ vocabulary: Vocabulary) {
        self.inspection = inspection
        self.vocabulary = vocabulary
    }

    func read() -> Personas? {
        guard
            let fields = Fields(
                inspection.file.root, of: "personas.yaml", keys: ["personas", "default"], in: inspection)
        else { return nil }
        var personas: [Persona] = []
        for node in fields.list("personas") ?? [] {
            guard let persona = persona(node) else { continue }
            if personas.contains(where: { $0.name == persona.name }) {
                inspection.report(.duplicate, "the persona \"\(persona.name)\" stands twice", at: node.place)
            } else {
                personas.append(persona)
            }
        }
        let fallback = fields.required("default", help: "the persona of whoever fits no other")
            .flatMap { inspection.name($0, "a persona's name") }
        return fallback.map { Personas(ordered: personas, fallback: $0) }
    }

    private func persona(_ node: YAMLNode) -> Persona? {
        guard let fields = Fields(node, of: "a persona", keys: ["persona", "when"], in: inspection) else { return nil }
        let name = fields.required("persona").flatMap { inspection.name($0, "a persona's name") }
        let when = fields.required("when", help: "such as contact.role == \"developer\"")
            .flatMap { inspection.expression($0, scope: .audience, vocabulary) }
        guard let name, let when else { return nil }
        return Persona(name: name, when: when)
    }
}
