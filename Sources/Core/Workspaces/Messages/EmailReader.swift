import Content
import Model
import SendGate

/// Reads an `email.yaml` with its bodies.
struct EmailReader {
    struct Bodies {
        var text: String
        var html: String?
        var translations: [Translation] = []
    }

    let inspection: Inspection
    let name: String
    private let topics: [String]?
    /// The workspace's own language.
    let locale: LanguageTag?
    private let domains: SendingDomains

    /// Whether the workspace's settings could be read.
    var knowsSettings: Bool { topics != nil }

    /// - Parameter topics: nil where they could not be read.
    init(
        _ inspection: Inspection, name: String, topics: [String]?, locale: LanguageTag? = nil,
        domains: SendingDomains = SendingDomains()
    ) {
        self.inspection = inspection
        self.name = name
        self.topics = topics
        self.locale = locale
        self.domains = domains
    }

    /// - Parameter besides: the other files of its folder, in base64.
    func read(_ bodies: Bodies, besides: [String: String] = [:], digest: UniqueID) -> EmailDefinition? {
        let keys =
            ["subject", "topic", "class", "sender", "preheader", "on_request", "review_by", "attachments"]
            + Inspection.restraintKeys
        guard let fields = Fields(inspection.file.root, of: "email.yaml", keys: keys, in: inspection) else {
            return nil
        }
        let ground = GroundReader(inspection: inspection, topics: topics).read(fields, of: "an e-mail")
        let subjects = fields.required("subject").map { localized($0, "the subject") }
        let preheaders = fields["preheader"].map { localized($0, "the preheader") }
        let template = subjects?.own.flatMap { self.template($0, text: bodies.text, html: bodies.html) }
        let translations = translations(bodies, subjects, preheaders)
        let sender = fields["sender"].map { SenderReader(inspection).read($0) }
        SendingDomainsReader(inspection).check(sender??.address, in: domains, at: fields["sender"])
        let preheader = preheaders?.own.flatMap { self.preheader($0) }
        let isOnRequest = fields["on_request"].map { inspection.flag($0, "\"on_request\"") ?? false } ?? false
        if let day = fields["review_by"] { checkDay(day) }
        if case .topic? = ground {
            if let template { warnOfMissing(in: template) }
            for (tag, translation) in translations { warnOfMissing(in: translation.template, tag) }
        }
        if case .topic? = ground, isOnRequest, let node = fields["on_request"] {
            inspection.report(
                .invalid, "only an e-mail of \"class: transactional\" may be asked for", at: node.place,
                help: "what needs consent is sent by a journey")
        }
        let restraint = inspection.restraint(fields)
        if case .transactional? = ground, !restraint.isSilent, let node = fields["on_quiet"] ?? fields["on_cap"] {
            inspection.report(
                .invalid, "quiet hours and caps hold up no e-mail of \"class: transactional\"", at: node.place,
                help: "only what has a topic is kept back")
        }
        let files = files(besides, attached: fields.list("attachments") ?? [], bodies)
        guard isName, let ground, let template else { return nil }
        return EmailDefinition(
            name: name, template: template, preheader: preheader, language: locale, translations: translations,
            ground: ground, sender: sender ?? nil, images: files.images, attachments: files.attachments,
            isOnRequest: isOnRequest, restraint: restraint, digest: digest)
    }

    /// The day by which somebody is to look at the e-mail again; see `Workspace.review`.
    private func checkDay(_ node: YAMLNode) {
        guard node.text.flatMap({ CalendarDate($0) }) == nil else { return }
        inspection.report(
            .invalid, "\"review_by\" is a day", at: node.place, help: "such as 2027-01-31")
    }

    private var isName: Bool {
        inspection.name(YAMLNode(place: .start, content: .scalar(name, .doubleQuoted)), "an e-mail's folder") != nil
    }

    // MARK: What marketing mail must carry

    /// A way out and the sender's postal address, in whichever part is read (CAN-SPAM, 16 CFR 316.5).
    private func warnOfMissing(in template: EmailTemplate, _ tag: LanguageTag? = nil) {
        for (part, body) in [(template.text, Self.body(.text, tag)), (template.html, Self.body(.html, tag))] {
            guard let fields = part?.mergeFields else { continue }
            for (field, what) in [("links.unsubscribe", "no way out"), ("workspace.address", "no postal address")]
            where !fields.contains(field) {
                inspection.report(
                    .missing, "marketing mail without {{\(field)}}: \(what)", at: .start,
                    help: "put {{\(field)}} at its end; what the person is owed is \"class: transactional\" instead",
                    in: "emails/\(name)/\(body)", severity: .warning)
            }
        }
    }

    // MARK: Templates

    /// The file of a body, in the workspace's own language or another.
    static func body(_ part: EmailPart, _ tag: LanguageTag?) -> String {
        "body.\(tag.map { "\($0)." } ?? "")\(part == .html ? "html" : "txt").mustache"
    }

    func template(_ subject: YAMLNode, text: String, html: String?, _ tag: LanguageTag? = nil) -> EmailTemplate? {
        guard let line = inspection.text(subject, "a subject") else { return nil }
        do {
            return try EmailTemplate(subject: line, text: text, html: html)
        } catch {
            report(error, subject, tag)
            return nil
        }
    }

    func preheader(_ node: YAMLNode) -> Template? {
        guard let text = inspection.text(node, "a preheader") else { return nil }
        do {
            return try Template(text, as: .html)
        } catch {
            report(error, node, nil)
            return nil
        }
    }

    /// A fault in a body stands in a file of its own.
    private func report(_ error: TemplateError, _ node: YAMLNode, _ tag: LanguageTag?) {
        let line = error.line ?? 1
        let column = error.column ?? 1
        switch error.part {
        case .text?, .html?:
            inspection.report(
                .template, error.message, at: .init(line: line, column: column),
                in: "emails/\(name)/\(Self.body(error.part ?? .text, tag))")
        default:
            let place = inspection.file.place(line: line, column: column, in: node)
            inspection.report(.template, error.message, at: place)
        }
    }
}
