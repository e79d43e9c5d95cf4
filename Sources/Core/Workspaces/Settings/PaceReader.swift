import Mail
import Pacing

/// Reads `sites` and `pace` of `workspace.yaml`: how fast mails go, by where they come from and where they go.
struct PaceReader {
    private static let ruleLimit = 1_000
    private static let siteLimit = 1_000
    /// The word of a rule that holds for each site by itself.
    private static let each = "each"

    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    func read(_ fields: Fields, sendingDomains: SendingDomains) -> SendPace {
        let sites = fields["sites"].map(sites) ?? [:]
        var rules: [PaceRule] = []
        for node in fields.list("pace") ?? [] {
            guard let rule = rule(node, sites, sendingDomains) else { continue }
            if rules.contains(where: { ($0.domain, $0.site, $0.kind) == (rule.domain, rule.site, rule.kind) }) {
                inspection.report(
                    .duplicate, "another rule of \"pace\" holds for the same mails", at: node.place,
                    help: "put its limits into that one")
            } else {
                rules.append(rule)
            }
        }
        if let node = fields["pace"], rules.count > Self.ruleLimit {
            inspection.report(.invalid, "there are more than \(Self.ruleLimit) rules of pace", at: node.place)
        }
        return SendPace(sites: sites, rules: rules)
    }

    // MARK: Sites

    private func sites(_ node: YAMLNode) -> [String: Set<String>] {
        guard let members = node.members else {
            inspection.report(
                .invalid, "\"sites\" must be a mapping, not \(node.kind)", at: node.place,
                help: "such as {google: [gmail.com, googlemail.com]}")
            return [:]
        }
        if members.count > Self.siteLimit {
            inspection.report(.invalid, "there are more than \(Self.siteLimit) sites", at: node.place)
        }
        var sites: [String: Set<String>] = [:]
        var owners: [String: String] = [:]
        for member in members {
            let name = member.key
            guard isName(name, at: member.keyPlace) else { continue }
            var domains: Set<String> = []
            for element in member.value.elements ?? [member.value] {
                guard let domain = domain(element, "a site's domain") else { continue }
                if let owner = owners[domain] {
                    let what = owner == name ? "stands twice" : "belongs to the site \"\(owner)\" already"
                    inspection.report(.duplicate, "the domain \"\(domain)\" \(what)", at: element.place)
                } else {
                    owners[domain] = name
                    domains.insert(domain)
                }
            }
            sites[name] = domains
        }
        return sites
    }

    /// Domains have dots and are sites already: a name without one cannot be taken for any.
    private func isName(_ name: String, at place: YAMLNode.Place) -> Bool {
        let isUsable =
            name != Self.each && (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0.isLetterOrDigit || "-_".utf8.contains($0) }
        if !isUsable {
            inspection.report(
                .invalid, "\"\(name)\" is not the name of a site", at: place,
                help: "letters, digits, '-' and '_', 64 at most, and not \"\(Self.each)\"; such as google")
        }
        return isUsable
    }

    private func domain(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = inspection.text(node, what) else { return nil }
        if let domain = try? MailDomain(text), domain.name.contains(".") { return domain.name }
        inspection.report(
            .invalid, "\(what) \"\(text)\" is not a domain", at: node.place, help: "such as gmail.com")
        return nil
    }

    // MARK: Rules

    private func rule(
        _ node: YAMLNode, _ sites: [String: Set<String>], _ sendingDomains: SendingDomains
    ) -> PaceRule? {
        let units = ["per_second", "per_minute", "per_hour", "per_day", "sessions"]
        let keys = ["domain", "site", "class"] + units + ["warm_up"]
        guard let fields = Fields(node, of: "a rule of \"pace\"", keys: keys, in: inspection) else { return nil }
        let domain = fields["domain"].map { self.domain($0, "a sending domain") }
        if let node = fields["domain"], let domain { warn(domain, sendingDomains, at: node) }
        let site = fields["site"].map { self.site($0, sites) } ?? .all
        let kind = fields["class"].map { self.kind($0) }
        let limits = SendLimits(
            perSecond: number(fields, "per_second"), perMinute: number(fields, "per_minute"),
            perHour: number(fields, "per_hour"), perDay: number(fields, "per_day"), sessions: number(fields, "sessions")
        )
        let warmUp = fields["warm_up"].map { self.warmUp($0) }
        if units.allSatisfy({ fields[$0] == nil }), warmUp == nil {
            inspection.report(
                .missing, "this rule of \"pace\" limits nothing", at: node.place,
                help: "one or more of " + (units + ["warm_up"]).joined(separator: ", "))
        }
        if domain == .some(nil) || kind == .some(nil) || warmUp == .some(nil) { return nil }
        guard let site else { return nil }
        if let node = fields["warm_up"], kind == .some(.transactional) {
            inspection.report(
                .invalid, "a warm-up holds back marketing alone", at: node.place, help: "take out its \"class\"")
            return nil
        }
        return PaceRule(
            domain: domain ?? nil, site: site, kind: warmUp == nil ? kind ?? nil : .marketing, limits: limits,
            warmUp: warmUp ?? nil)
    }

    private func warn(_ domain: String?, _ sendingDomains: SendingDomains, at node: YAMLNode) {
        guard let domain, !sendingDomains.all.isEmpty, let known = try? MailDomain(domain),
            sendingDomains.domain(of: known) == nil
        else { return }
        inspection.report(
            .unknownName, "\"\(domain)\" is none of the \"sending_domains\": this rule may hold for no mail",
            at: node.place, severity: .warning)
    }

    private func site(_ node: YAMLNode, _ sites: [String: Set<String>]) -> PaceRule.Site? {
        guard let text = inspection.text(node, "a site") else { return nil }
        if text == Self.each { return .each }
        if sites[text] != nil { return .one(text) }
        guard text.contains(".") else {
            inspection.report(
                .unknownName, "unknown site \"\(text)\"", at: node.place,
                help: sites.isEmpty
                    ? "a recipient domain, a name of \"sites\", or \"\(Self.each)\""
                    : NearMiss.help(for: text, among: sites.keys.sorted() + [Self.each], called: "sites"))
            return nil
        }
        guard let domain = domain(node, "a site") else { return nil }
        if let owner = sites.first(where: { $0.value.contains(domain) })?.key {
            inspection.report(
                .invalid, "the domain \"\(domain)\" belongs to the site \"\(owner)\"", at: node.place,
                help: "site: \(owner)")
            return nil
        }
        return .one(domain)
    }

    private func kind(_ node: YAMLNode) -> MailClass? {
        if let kind = node.text.flatMap({ MailClass(rawValue: $0) }) { return kind }
        inspection.report(.invalid, "\"class\" is marketing or transactional", at: node.place)
        return nil
    }

    private func number(_ fields: Fields, _ key: String) -> Int64? {
        fields[key].flatMap { inspection.whole($0, "\"\(key)\"", in: 1...1_000_000_000) }.map(Int64.init)
    }

    /// A number of mails for the first day, or `{from: 50, to: 100000}`.
    private func warmUp(_ node: YAMLNode) -> WarmUp? {
        if node.text != nil {
            return inspection.whole(node, "\"warm_up\"", in: 1...1_000_000).map { WarmUp(from: Int64($0)) }
        }
        guard let fields = Fields(node, of: "\"warm_up\"", keys: ["from", "to"], in: inspection) else { return nil }
        let from = fields["from"].map { inspection.whole($0, "\"from\"", in: 1...1_000_000) } ?? 50
        let to = fields["to"].map { inspection.whole($0, "\"to\"", in: 1...1_000_000_000) }
        guard let from, to != .some(nil) else { return nil }
        if let end = to ?? nil, end <= from {
            inspection.report(
                .invalid, "this warm-up ends before it begins: \"to\" is not above \"from\"", at: node.place)
            return nil
        }
        return WarmUp(from: Int64(from), to: (to ?? nil).map(Int64.init))
    }
}
