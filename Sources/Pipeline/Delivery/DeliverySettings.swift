public import Links
public import Mail

/// How this mailer sends.
public struct DeliverySettings: Sendable {
    /// The mail servers that take our mail; one at the least.
    public var relays: [RelaySettings]
    /// Where links in mails point to: the public address of ingest, without a slash at the end.
    public var publicURL: String
    public var links: LinkSigner
    /// Names this process in claims.
    public var mailer: String
    /// How long a claim lasts unless its mailer renews it: others find it within two seconds more.
    public var lease: Duration = .seconds(25)
    /// The wait after a first deferral; it doubles up to four hours.
    public var firstRetry: Duration = .seconds(900)
    /// The same for requests of webhooks.
    public var firstCallRetry: Duration = .seconds(10)
    public var webhooks: WebhookSigner
    /// Names messages in the addresses that they come back to.
    public var tokens: MailTokens
    /// What signs mails from domains that name selectors.
    public var keys = DKIMKeyRing()
    /// `host:port` of webhooks that may be private, on any port, and without TLS.
    public var allowedHosts: Set<String> = []

    /// Where Chromium is, which makes postcards; nil: they wait for a mailer that has one.
    public var chromium: String?
    /// The folder of postcards that go to none but that, WORKSPACE/ID.pdf in it.
    public var postFolder: String?

    public init(
        relays: [RelaySettings], publicURL: String, links: LinkSigner, tokens: MailTokens, webhooks: WebhookSigner,
        mailer: String
    ) {
        self.relays = relays
        self.publicURL = publicURL
        self.links = links
        self.tokens = tokens
        self.webhooks = webhooks
        self.mailer = mailer
    }
}
