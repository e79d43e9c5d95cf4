import Mail

/// Reads `sending_domains` of `workspace.yaml`.
struct SendingDomainsReader {
    /// Two kinds of keys, each twice while it is changed.
    private static let selectorLimit = 4
    /// Bytes of a host that leave room for what is put before it.
    private static let hostLimit = 180

    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    func read(_ nodes: [YAMLNode]) -> SendingDomains {
        var domains: [SendingDomain] = []
        for node in nodes {
            guard let domain = domain(node) else { continue }
            if domains.contains(where: { $0.domain == domain.domain }) {
                inspection.report(.duplicate, "the domain \"\(domain.domain.name)\" stands twice", at: node.place)
            } else {
                domains.append(domain)
            }
        }
        return SendingDomains(domains)
    }

    /// Says where mails would come from a domain that is not among those that are set up.
    func check(_ address: String?, in domains: SendingDomains, at node: YAMLNode?) {
        guard let node, !domains.all.isEmpty, let domain = address.flatMap({ try? MailAddress($0) })?.domain,
            domains.domain(of: domain) == nil
        else { return }
        inspection.report(
            .missing, "\"\(domain.name)\" is none of the \"sending_domains\": its mails are not signed", at: node.place,
            help: "sending_domains: [{domain: \(domain.name), dkim: [SELECTOR]}]", severity: .warning)
    }

    private func domain(_ node: YAMLNode) -> SendingDomain? {
        let keys = ["domain", "dkim", "tracking_host", "bounce_host"]
        guard let fields = Fields(node, of: "a sending domain", keys: keys, in: inspection) else { return nil }
        let domain = fields.required("domain", help: "such as shop.example").flatMap { host($0, "the domain") }
        let selectors = fields["dkim"].map(self.selectors) ?? []
        let tracking = fields["tracking_host"].flatMap { host($0, "\"tracking_host\"") }
        let bounces = fields["bounce_host"].flatMap { host($0, "\"bounce_host\"") }
        guard let domain else { return nil }
        if fields["dkim"] == nil {
            inspection.report(
                .missing, "mails from \"\(domain.name)\" are not signed", at: node.place,
                help: "loods dkim \(domain.name) SELECTOR makes a key; then dkim: [SELECTOR]", severity: .warning)
        }
        if let bounces, let node = fields["bounce_host"], !Self.isAligned(bounces, domain) {
            inspection.report(
                .invalid,
                "\"\(bounces.name)\" does not lie below \"\(domain.name)\": SPF would not vouch for its mails",
                at: node.place, help: "such as bounces.\(domain.name)", severity: .warning)
        }
        return SendingDomain(domain, selectors: selectors, trackingHost: tracking, bounceHost: bounces)
    }

    /// Whether DMARC takes one for the other (RFC 7489, section 3.1.2), as far as names alone can tell.
    private static func isAligned(_ host: MailDomain, _ domain: MailDomain) -> Bool {
        let parent = domain.name.split(separator: ".").dropFirst()
        return host.isOrIsBelow(domain) || domain.isOrIsBelow(host)
            || (parent.count > 1 && parent == host.name.split(separator: ".").dropFirst())
    }

    private func host(_ node: YAMLNode, _ what: String) -> MailDomain? {
        guard let text = inspection.text(node, what) else { return nil }
        if let domain = try? MailDomain(text), domain.name.contains("."), domain.name.utf8.count <= Self.hostLimit {
            return domain
        }
        inspection.report(
            .invalid, "\(what) \"\(text)\" is not the name of a host", at: node.place, help: "such as mail.shop.example"
        )
        return nil
    }

    /// One selector, or a list of them.
    private func selectors(_ node: YAMLNode) -> [DKIMSelector] {
        var selectors: [DKIMSelector] = []
        for element in node.elements ?? [node] {
            guard let text = inspection.text(element, "a selector") else { continue }
            guard let selector = try? DKIMSelector(text) else {
                inspection.report(
                    .invalid, "\"\(text)\" is not a selector", at: element.place,
                    help: "letters, digits and inner hyphens, such as k2026")
                continue
            }
            if selectors.contains(selector) {
                inspection.report(.duplicate, "the selector \"\(selector)\" stands twice", at: element.place)
            } else {
                selectors.append(selector)
            }
        }
        if selectors.count > Self.selectorLimit {
            inspection.report(
                .invalid, "more than \(Self.selectorLimit) keys would sign each mail", at: node.place,
                help: "take out those that others have replaced")
        }
        return selectors
    }
}
