/// What the edge does beyond taking events, as the operator has it.
public struct EdgeSettings: Sendable {
    /// What is made of user agents and addresses.
    public var clients = ClientFacts()
    /// The sites whose pages may call from scripts.
    public var origins = AllowedOrigins.all
    /// Forms, ratings and gated content.
    public var definitions = LiveDefinitions { _ in nil }
    /// What live content of mails goes by.
    public var sources = LiveSources.none
    /// What lies ready for visitors of sites.
    public var siteMessages = SiteMessages.none
    /// What the ledger of consents says to whoever follows a link of a mail.
    public var consents = ConsentLookup.none
    /// What one address may post to forms a second, over all processes; nil: as much as comes.
    public var formRate: Int? = 5
    /// The folder of gated files.
    public var downloads: String?
    /// Where the edge is reached from outside, without a slash at the end; nil: as the request says.
    public var publicURL: String?

    /// Where clicks become events; nil: they do at once.
    public var clicks: ClickDesk?

    /// Where opens and clicks of readers who are not known by them are counted; nil: nowhere.
    public var counts: CountDesk?

    /// Who takes what providers tell of mails; nil: nobody.
    public var providers: ProviderDesk?

    public init() {}
}
