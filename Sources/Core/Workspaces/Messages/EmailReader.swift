import Content
import Expressions
import JourneyProgram
import Model
import SendGate

/// Reads an `email.yaml` with its bodies.
struct EmailReader {
    /// What e-mails refer to.
    struct Surroundings {
        /// Nil where they could not be read.
        var topics: [String]?
        /// The workspace's own language.
        var locale: LanguageTag?
        var domains = SendingDomains()
        var vocabulary = Vocabulary.unchecked
        var library = TemplateLibrary()
    }

    let inspection: Inspection
    let name: String
    let around: Surroundings
    let bodies: EmailBodies

    /// Whether the workspace's settings could be read.
    var knowsSettings: Bool { around.topics != nil }
    var locale: LanguageTag? { around.locale }

    /// - Parameter templates: those of its folder, by their files' names.
    init(_ inspection: Inspection, name: String, _ templates: [String: String], in around: Surroundings) {
        self.inspection = inspection
        self.name = name
        self.around = around
        bodies = EmailBodies(templates)
    }

    private static let keys =
        [
            "subject", "topic", "class", "sender", "preheader", "layout", "blocks", "live", "variants", "on_request",
            "review_by", "attachments", "lifetime",
        ] + Inspection.restraintKeys

    /// - Parameter besides: the other files of its folder, in base64.
    func read(besides: [String: String] = [:], digest: UniqueID) -> EmailDefinition? {
        guard let fields = Fields(inspection.file.root, of: "email.yaml", keys: Self.keys, in: inspection) else {
            return nil
        }
        let ground = GroundReader(inspection: inspection, topics: around.topics).read(fields, of: "an e-mail")
        let live = liveBlocks(fields)
        let (wording, wordings, blocks) = content(fields, live, isMarketing: ground?.isMarketing == true)
        let sender = fields["sender"].map { SenderReader(inspection).read($0) }
        SendingDomainsReader(inspection).check(sender??.address, in: around.domains, at: fields["sender"])
        let isOnRequest = fields["on_request"].map { inspection.flag($0, "\"on_request\"") ?? false } ?? false
        if let day = fields["review_by"] { checkDay(day) }
        if ground?.isMarketing == true, isOnRequest, let node = fields["on_request"] {
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
        let lifetime = fields["lifetime"].map { inspection.lifetime($0, "lifetime") } ?? nil
        let files = files(besides, attached: fields.list("attachments") ?? [])
        guard isName, let ground, let wording else { return nil }
        return EmailDefinition(
            name: name, wording: wording, wordings: wordings, blocks: blocks, live: live, ground: ground,
            sender: sender ?? nil,
            images: files.images, attachments: files.attachments, isOnRequest: isOnRequest, restraint: restraint,
            lifetime: lifetime, digest: digest)
    }

    /// All that it says.
    private func content(
        _ fields: Fields, _ live: [LiveBlock], isMarketing: Bool
    ) -> (own: EmailWording?, others: [ContentCell: EmailWording], [ContentRules.Block]) {
        let layout = fields["layout"].flatMap {
            inspection.reference($0, "layout", among: around.library.names(in: .layouts), called: "layouts")
        }
        let blocks = blocks(fields)
        let words = Words(
            subject: fields.required("subject").map { localized($0, "the subject") },
            preheader: fields["preheader"].map { localized($0, "the preheader") })
        report(live, namedAs: blocks, at: fields["live"]?.place)
        let writer = WordingReader(
            self, words, layout: layout, blocks: blocks, live: Set(live.map(\.name)), isMarketing: isMarketing)
        let own = writer.read(ContentCell())
        let variants = variants(fields)
        var others: [ContentCell: EmailWording] = [:]
        for cell in Set(variants.keys).union(bodies.cells).sorted() where isKnown(cell) {
            others[cell] = writer.read(cell, variants[cell])
        }
        writer.reportUnused(liveAt: fields["live"]?.place)
        return (own, others, blocks.map(\.rule))
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

    /// A file of its folder, as findings name it.
    func path(_ file: String) -> String { "emails/\(name)/\(file)" }
}

extension EmailDefinition.Ground {
    var isMarketing: Bool { if case .topic = self { true } else { false } }
}
