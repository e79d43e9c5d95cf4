/// What a mail is sent as; one kind is held back without the other.
public enum MailClass: String, Sendable, CaseIterable {
    /// What has a topic.
    case marketing
    case transactional
}

/// Mails of a workspace that are held to the same limits: of one sending domain and class, to one site. Those that
/// have to wait stand in line.
public struct MailLine: Sendable, Hashable {
    public var kind: MailClass
    /// The domain that they come from, in lower case.
    public var domain: String
    /// Where they go: a recipient domain, or the name of several that `sites` rolls up.
    public var site: String

    public init(_ kind: MailClass, from domain: String, to site: String) {
        (self.kind, self.domain, self.site) = (kind, domain, site)
    }

    /// `marketing shop.example google`: as messages name it.
    public var text: String { "\(kind.rawValue) \(domain) \(site)" }

    /// Reads ``text``.
    public init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = MailClass(rawValue: String(parts[0])) else { return nil }
        self.init(kind, from: String(parts[1]), to: String(parts[2]))
    }
}
