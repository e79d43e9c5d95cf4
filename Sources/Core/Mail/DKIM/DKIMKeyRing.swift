/// The keys that a mailer has, by domain and selector.
public struct DKIMKeyRing: Sendable {
    private var keys: [MailDomain: [DKIMSelector: DKIMKey]] = [:]

    public init() {}

    /// Adds the key of `SELECTOR.pem` in the folder `DOMAIN`. Throws `malformedDomain` or `unusableKey`.
    public mutating func add(_ pem: String, domain: String, selector: String) throws(MailError) {
        let (domain, selector) = (try MailDomain(domain), try DKIMSelector(selector))
        keys[domain, default: [:]][selector] = try DKIMKey(pem: pem)
    }

    /// How many there are.
    public var count: Int { keys.values.reduce(0) { $0 + $1.count } }

    public subscript(domain: MailDomain, selector: DKIMSelector) -> DKIMKey? { keys[domain]?[selector] }

    /// What signs a domain's mails by those of the selectors whose keys are here.
    public func signer(of domain: MailDomain, _ selectors: [DKIMSelector]) -> DKIMSigner {
        DKIMSigner(
            domain: domain,
            identities: selectors.compactMap { selector in
                self[domain, selector].map { DKIMSigner.Identity(selector, $0) }
            })
    }
}
