import Pacing
import Testing

/// Which limits mails are held to.
@Suite struct SendPaceTests {
    private static let pace = SendPace(
        sites: ["google": ["gmail.com", "googlemail.com"]],
        rules: [
            PaceRule(domain: "shop.example", limits: SendLimits(perHour: 1)),
            PaceRule(site: .one("google"), limits: SendLimits(perSecond: 2)),
            PaceRule(site: .each, limits: SendLimits(perSecond: 3)),
            PaceRule(domain: "shop.example", site: .each, kind: .marketing, limits: SendLimits(perDay: 4)),
        ])

    private static func names(_ kind: MailClass, _ domain: String, _ site: String) -> [String] {
        pace.buckets(of: MailLine(kind, from: domain, to: pace.site(of: site))).map(\.name)
    }

    @Test func rolledUpDomainsAreOneSite() {
        #expect(Self.pace.site(of: "googlemail.com") == "google")
        #expect(Self.pace.site(of: "mail.example") == "mail.example")
    }

    @Test func allRulesThatFitCountAndASiteOfItsOwnRuleIsNoneOfEach() {
        #expect(
            Self.names(.marketing, "shop.example", "gmail.com") == [
                "from shop.example", "to google", "from shop.example to google marketing",
            ])
        #expect(Self.names(.transactional, "shop.example", "a.example") == ["from shop.example", "to a.example"])
        #expect(Self.names(.transactional, "news.example", "gmail.com") == ["to google"])
    }

    @Test func aLineIsReadAsItIsWritten() {
        let line = MailLine(.transactional, from: "shop.example", to: "google")
        #expect(MailLine(line.text) == line)
        #expect(MailLine("marketing shop.example") == nil)
        #expect(MailLine("other shop.example google") == nil)
    }
}
