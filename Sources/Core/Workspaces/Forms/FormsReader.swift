/// Reads `forms.yaml`: forms, and the ratings that mails and pages ask for.
struct FormsReader {
    struct Forms {
        var forms: [FormDefinition] = []
        var ratings: [RatingDefinition] = []
    }

    /// What every form has besides its own fields.
    static let reserved = ["form", "anonymousId"]
    private static let mostFields = 100
    private static let mostBytes = 8_192

    private let inspection: Inspection
    private let contents: [String]?
    private let topics: [Topic]?

    /// - Parameters:
    ///   - contents: what may be gated; nil where it could not be read.
    ///   - topics: what may be consented to; nil where that could not be read.
    init(_ inspection: Inspection, contents: [String]?, topics: [Topic]?) {
        self.inspection = inspection
        self.contents = contents
        self.topics = topics
    }

    func read() -> Forms? {
        let keys = ["forms", "ratings"]
        guard let fields = Fields(inspection.file.root, of: "forms.yaml", keys: keys, in: inspection) else {
            return nil
        }
        var forms = Forms()
        for node in fields.list("forms") ?? [] {
            guard let form = form(node) else { continue }
            if forms.forms.contains(where: { $0.name == form.name }) {
                inspection.report(.duplicate, "the form \"\(form.name)\" stands twice", at: node.place)
            } else {
                forms.forms.append(form)
            }
        }
        for node in fields.list("ratings") ?? [] {
            guard let rating = rating(node) else { continue }
            if forms.ratings.contains(where: { $0.name == rating.name }) {
                inspection.report(.duplicate, "the rating \"\(rating.name)\" stands twice", at: node.place)
            } else {
                forms.ratings.append(rating)
            }
        }
        return forms
    }

    private func form(_ node: YAMLNode) -> FormDefinition? {
        let keys = ["form", "fields", "honeypot", "success", "error", "message", "content", "consent"]
        guard let fields = Fields(node, of: "a form", keys: keys, in: inspection) else { return nil }
        let name = fields.required("form").flatMap { inspection.name($0, "a form's name") }
        let own = self.fields(fields)
        let honeypot = fields["honeypot"].map { inspection.name($0, "a field's name") }
        if let place = fields["honeypot"]?.place, let honeypot, own.contains(where: { $0.name == honeypot }) {
            inspection.report(.invalid, "the honeypot is a field that people fill in", at: place)
        }
        let success = fields["success"].map { inspection.webAddress($0, "where success leads") }
        let failure = fields["error"].map { inspection.webAddress($0, "where a refusal leads") }
        let message = fields["message"].map { inspection.text($0, "a message") }
        let content = fields["content"].map(self.content)
        let consent = fields["consent"].flatMap { node in
            FormConsentReader(inspection: inspection, topics: topics).read(node, among: own)
        }
        guard let name else { return nil }
        return FormDefinition(
            name: name, fields: own, honeypot: (honeypot ?? nil) ?? "website_", success: success ?? nil,
            failure: failure ?? nil, message: (message ?? nil) ?? "Thank you.", content: content ?? nil,
            consent: consent)
    }

    private func content(_ node: YAMLNode) -> String? {
        guard let contents else { return inspection.name(node, "a content's name") }
        return inspection.reference(node, "content", among: contents, called: "contents")
    }

    private func fields(_ form: Fields) -> [FormDefinition.Field] {
        guard form.required("fields") != nil else { return [] }
        let nodes = form.list("fields") ?? []
        if nodes.count > Self.mostFields {
            inspection.report(.invalid, "a form has at most \(Self.mostFields) fields", at: form.node.place)
        }
        var fields: [FormDefinition.Field] = []
        for node in nodes {
            guard let field = field(node) else { continue }
            if fields.contains(where: { $0.name == field.name }) || Self.reserved.contains(field.name) {
                inspection.report(.duplicate, "the field \"\(field.name)\" is there already", at: node.place)
            } else {
                fields.append(field)
            }
        }
        return fields
    }

    private func field(_ node: YAMLNode) -> FormDefinition.Field? {
        let keys = ["field", "type", "required", "most", "trait"]
        guard let fields = Fields(node, of: "a field", keys: keys, in: inspection) else { return nil }
        let name = fields.required("field").flatMap { inspection.name($0, "a field's name") }
        let kinds = FormDefinition.Field.Kind.allCases.map(\.rawValue)
        let kind = fields["type"].flatMap { inspection.reference($0, "type", among: kinds, called: "types") }
        let isRequired = fields["required"].map { flag($0, "required") } ?? false
        let most = fields["most"].flatMap { number($0, "the bytes of a field", in: 1...Self.mostBytes) }
        let trait = fields["trait"].flatMap { inspection.name($0, "a trait's name") }
        if trait == "email", let place = fields["trait"]?.place {
            inspection.report(
                .invalid, "a form describes nobody's address: anybody could fill in somebody else's", at: place)
        }
        return name.map {
            FormDefinition.Field(
                name: $0, kind: kind.flatMap(FormDefinition.Field.Kind.init) ?? .text, isRequired: isRequired,
                most: most ?? 1000, trait: trait)
        }
    }

    private func rating(_ node: YAMLNode) -> RatingDefinition? {
        let keys = ["rating", "question", "from", "to"]
        guard let fields = Fields(node, of: "a rating", keys: keys, in: inspection) else { return nil }
        let name = fields.required("rating").flatMap { inspection.name($0, "a rating's name") }
        let question = fields.required("question").flatMap { inspection.text($0, "a question") }
        let from = fields["from"].flatMap { number($0, "a rating", in: -100...100) } ?? 1
        let to = fields["to"].flatMap { number($0, "a rating", in: -100...100) } ?? 5
        guard from < to else {
            inspection.report(.invalid, "a rating goes from a number to a greater one", at: node.place)
            return nil
        }
        guard let name, let question else { return nil }
        return RatingDefinition(name: name, question: question, range: from...to)
    }

    private func flag(_ node: YAMLNode, _ what: String) -> Bool {
        if let text = node.text, ["true", "false"].contains(text) { return text == "true" }
        inspection.report(.invalid, "\"\(what)\" is true or false", at: node.place)
        return false
    }

    private func number(_ node: YAMLNode, _ what: String, in range: ClosedRange<Int>) -> Int? {
        if let number = node.text.flatMap({ Int($0) }), range.contains(number) { return number }
        inspection.report(
            .invalid, "\(what) must be a number from \(range.lowerBound) to \(range.upperBound)", at: node.place)
        return nil
    }
}
