import Content
import JourneyProgram
import Model

/// Reads steps that lay out a message for the contact's next visit.
extension StepsReader {
    /// Whoever uses a shared machine reads what its browser is shown: of the reader nothing is said.
    private static let siteFields = ["workspace.name"]

    func siteMessage(_ node: YAMLNode) -> Step? {
        let keys = ["site_message", "step", "text", "link", "topic", "class", "until", "late"]
        guard let fields = Fields(node, of: "a site_message step", keys: keys, in: inspection),
            let reference = fields["site_message"]
        else { return nil }
        let name = inspection.name(reference, "a site message's name")
        let step = fields["step"].map { inspection.name($0, "a step's name") } ?? name
        let ground = GroundReader(inspection: inspection, topics: names.topics).read(fields, of: "a site message")
        let text = fields.required("text", help: "what the visitor reads").flatMap(siteText)
        let link = fields["link"].map(self.link)
        if let link, link == nil { return nil }
        let late = fields["late"].map(self.late)
        if let late, late == nil { return nil }
        let lifetime = fields["until"].map(self.lifetime) ?? SiteMessage.usualLifetime
        if let step = step ?? reference.text { callNames.insert(step) }
        guard let name, let step, let ground, let text, let lifetime else { return nil }
        guard isNew(step, at: (fields["step"] ?? reference).place) else { return nil }
        var call = Step.Call(.visitor(name), content: SiteMessage(text: text, link: link ?? nil).content)
        if case .topic(let topic) = ground { call.topic = topic }
        call.lifetime = lifetime
        return .call(name: step, call, late: late ?? nil)
    }

    private func siteText(_ node: YAMLNode) -> String? {
        guard let text = inspection.text(node, "what the visitor reads") else { return nil }
        guard text.count <= SiteMessage.longestText else {
            inspection.report(
                .invalid, "a site message has at most \(SiteMessage.longestText) characters", at: node.place)
            return nil
        }
        do {
            let fields = try Template(text, as: .text).mergeFields
            guard let field = fields.first(where: { !Self.siteFields.contains($0) }) else { return text }
            inspection.report(
                .invalid, "a site message does not say {{\(field)}}: whoever sits at that browser reads it",
                at: node.place, help: "it may have {{\(Self.siteFields.joined(separator: "}}, {{"))}}")
        } catch {
            inspection.report(.invalid, "\(error)", at: node.place)
        }
        return nil
    }

    private func link(_ node: YAMLNode) -> SiteMessage.Link? {
        guard let fields = Fields(node, of: "a link", keys: ["text", "url"], in: inspection) else { return nil }
        let text = fields.required("text", help: "what is clicked").flatMap { inspection.text($0, "a link's text") }
        let url = fields.required("url", help: "such as /plans").flatMap(self.url)
        guard let text, let url else { return nil }
        guard text.count <= 80 else {
            inspection.report(.invalid, "a link's text has at most 80 characters", at: node.place)
            return nil
        }
        return SiteMessage.Link(text: text, url: url)
    }

    private func url(_ node: YAMLNode) -> String? {
        guard let text = inspection.text(node, "a link's URL") else { return nil }
        if text.isSiteLink { return text }
        inspection.report(
            .invalid, "\"\(text)\" is not where a site message may lead", at: node.place,
            help: "an https:// URL, or a path of the site such as /plans")
        return nil
    }

    private func lifetime(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "\"until\"") else { return nil }
        guard SiteMessage.lifetimes.contains(span) else {
            inspection.report(
                .invalid, "a site message waits for a minute at least and 30 days at most", at: node.place)
            return nil
        }
        return span
    }
}

extension String {
    /// Whether it is an `https` URL with a host, or a path of a site: no other scheme, and no host in disguise.
    var isSiteLink: Bool {
        guard utf8.count <= 2_000, utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#""\<>`{}|^"#.utf8.contains($0) })
        else { return false }
        if hasPrefix("/") { return !hasPrefix("//") }
        guard hasPrefix("https://"), let url = WebhookURL(String(prefix { $0 != "#" })) else { return false }
        return url.isSecure
    }
}
