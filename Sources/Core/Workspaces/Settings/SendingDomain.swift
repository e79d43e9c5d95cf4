public import Mail

/// A domain that mails come from, with what its DNS knows of it.
public struct SendingDomain: Sendable, Hashable {
    public var domain: MailDomain
    /// The keys that sign its mails, all of them each mail: an RSA and an Ed25519 key beside each other, and while keys are
    /// changed the old beside the new. Empty: its mails are not signed.
    public var selectors: [DKIMSelector]
    /// Where links in its mails point to, by https; nil: to the public address of ingest.
    public var trackingHost: MailDomain?
    /// The host part of the return path, whose mail exchanger takes what comes back; nil: mails come back to their sender.
    public var bounceHost: MailDomain?

    public init(
        _ domain: MailDomain, selectors: [DKIMSelector] = [], trackingHost: MailDomain? = nil,
        bounceHost: MailDomain? = nil
    ) {
        self.domain = domain
        self.selectors = selectors
        self.trackingHost = trackingHost
        self.bounceHost = bounceHost
    }
}

/// The domains that a workspace's mails come from.
public struct SendingDomains: Sendable, Hashable {
    public var all: [SendingDomain]

    public init(_ all: [SendingDomain] = []) { self.all = all }

    /// The one that a domain is, or else the longest that it lies below: signatures and return paths of a domain vouch for
    /// those below it as well (RFC 7489, section 3.1).
    public func domain(of domain: MailDomain) -> SendingDomain? {
        all.filter { domain.isOrIsBelow($0.domain) }.max { $0.domain.name.utf8.count < $1.domain.name.utf8.count }
    }
}
