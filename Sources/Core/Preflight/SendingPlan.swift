public import Networks

/// How mails from a domain go out, as far as DNS has to know of it.
public struct SendingPlan: Sendable, Hashable {
    /// A key that signs its mails.
    public struct Key: Sendable, Hashable {
        /// Where it is published: `SELECTOR._domainkey.DOMAIN`.
        public var record: String
        /// The text that is to stand there; nil where the key is not at hand.
        public var text: String?

        public init(record: String, text: String?) { (self.record, self.text) = (record, text) }
    }

    /// The domain of the address that mails are from.
    public var from: String
    /// The domain that signs, `d=`; nil: none does.
    public var signer: String?
    public var keys: [Key] = []
    /// The host of the return path; nil: that of the address.
    public var bounceHost: String?
    public var trackingHost: String?
    /// The addresses that the world sees mails come from.
    public var sources: [NetworkAddress] = []
    /// The name by which whoever sends to the world greets; nil where that is not known.
    public var helo: String?

    public init(from: String) { self.from = from.lowercased() }

    /// What SPF is asked for.
    var returnPath: String { bounceHost ?? from }
}

extension SendingPlan {
    /// Everything about the domain. Run it again with what `view` was missing, until nothing is.
    public func findings(in view: inout NameView) -> [PreflightFinding] {
        spf(in: &view) + dkim(in: &view) + dmarc(in: &view) + bimi(in: &view) + exchangers(in: &view)
            + reverse(in: &view) + greeting(in: &view) + tracking(in: &view)
    }
}
