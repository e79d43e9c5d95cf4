/// What a workspace says of the pace of its mails.
public struct SendPace: Sendable, Hashable {
    /// The recipient domains that are one site, by its name.
    public var sites: [String: Set<String>]
    public var rules: [PaceRule]

    private let siteOf: [String: String]

    public init(sites: [String: Set<String>] = [:], rules: [PaceRule] = []) {
        (self.sites, self.rules) = (sites, rules)
        siteOf = Dictionary(sites.flatMap { name, domains in domains.map { ($0, name) } }) { first, _ in first }
    }

    /// The site that a recipient domain belongs to: itself, unless it is rolled up.
    ///
    /// - Parameter domain: in lower case.
    public func site(of domain: String) -> String { siteOf[domain] ?? domain }

    /// The limits that mails of a line are held to, all of them.
    public func buckets(of line: MailLine) -> [PaceBucket] {
        rules.compactMap { rule in
            guard rule.domain == nil || rule.domain == line.domain, rule.kind == nil || rule.kind == line.kind else {
                return nil
            }
            switch rule.site {
            case .all: break
            case .one(let site): if site != line.site { return nil }
            case .each: if hasRule(for: line.site, beside: rule) { return nil }
            }
            return PaceBucket(name: rule.bucket(for: line.site), limits: rule.limits, warmUp: rule.warmUp)
        }
    }

    /// Whether a site has a rule of its own where others share one that says `each`.
    private func hasRule(for site: String, beside rule: PaceRule) -> Bool {
        rules.contains { $0.site == .one(site) && $0.domain == rule.domain && $0.kind == rule.kind }
    }
}

/// A limit, and the mails that it holds for.
public struct PaceRule: Sendable, Hashable {
    public enum Site: Sendable, Hashable {
        /// All sites together.
        case all
        case one(String)
        /// Each site by itself that has no rule of its own.
        case each
    }

    /// The sending domain; nil: all together.
    public var domain: String?
    public var site: Site
    /// Nil: both together.
    public var kind: MailClass?
    public var limits: SendLimits
    public var warmUp: WarmUp?

    public init(
        domain: String? = nil, site: Site = .all, kind: MailClass? = nil, limits: SendLimits, warmUp: WarmUp? = nil
    ) {
        (self.domain, self.site, self.kind, self.limits, self.warmUp) = (domain, site, kind, limits, warmUp)
    }

    /// Whether a count is kept for it, by the name of the count.
    public func keeps(_ bucket: String) -> Bool {
        guard case .each = site else { return bucket == self.bucket(for: siteName) }
        let parts = self.bucket(for: " ").split(separator: "to  ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, bucket.hasPrefix("\(parts[0])to "), bucket.hasSuffix(parts[1]) else { return false }
        let site = bucket.dropFirst(parts[0].utf8.count + 3).dropLast(parts[1].utf8.count)
        return !site.isEmpty && !site.contains(" ")
    }

    private var siteName: String { if case .one(let site) = site { site } else { "" } }

    /// What its count is kept under.
    func bucket(for site: String) -> String {
        var parts: [String] = []
        if let domain { parts.append("from \(domain)") }
        switch self.site {
        case .all: break
        case .one, .each: parts.append("to \(site)")
        }
        if let kind { parts.append(kind.rawValue) }
        return parts.isEmpty ? "all" : parts.joined(separator: " ")
    }
}

/// A limit with the name that its count is kept under.
public struct PaceBucket: Sendable, Hashable {
    public var name: String
    public var limits: SendLimits
    public var warmUp: WarmUp?

    public init(name: String, limits: SendLimits, warmUp: WarmUp? = nil) {
        (self.name, self.limits, self.warmUp) = (name, limits, warmUp)
    }

    /// Its limits, with what a warm-up has for a day.
    public func limits(at progress: WarmUp.Progress) -> SendLimits {
        guard let allowance = warmUp?.allowance(atStep: progress.step) else { return limits }
        var limits = limits
        limits.perDay = min(limits.perDay ?? .max, allowance)
        return limits
    }

    /// Where a site's back-off is kept.
    public static func backOff(of site: String) -> String { "back-off \(site)" }
}
