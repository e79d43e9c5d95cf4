import Pacing
import Testing
import Workspaces

/// What `workspace.yaml` says of the pace of mails.
@Suite struct PaceReaderTests {
    private static func load(_ settings: String) -> Workspace.Loaded {
        var files = Shop.files
        files["workspace.yaml"]! += "\n" + settings
        return Workspace.load(files: files)
    }

    @Test func rulesAndSitesAreRead() throws {
        let loaded = Self.load(
            """
            sites:
              google: [gmail.com, GoogleMail.com]
              solo: solo.example
            pace:
              - {site: google, per_second: 20, per_hour: 10000, sessions: 5}
              - {site: each, per_second: 2}
              - {domain: shop.example, class: marketing, per_day: 100000}
              - {domain: news.example, site: mail.example, warm_up: {from: 100, to: 5000}}
              - {domain: news.example, site: google, warm_up: 50}
            """)
        let pace = try #require(loaded.workspace, "\(loaded.findings)").pace
        #expect(pace.sites == ["google": ["gmail.com", "googlemail.com"], "solo": ["solo.example"]])
        #expect(
            pace.rules == [
                PaceRule(site: .one("google"), limits: SendLimits(perSecond: 20, perHour: 10_000, sessions: 5)),
                PaceRule(site: .each, limits: SendLimits(perSecond: 2)),
                PaceRule(domain: "shop.example", kind: .marketing, limits: SendLimits(perDay: 100_000)),
                PaceRule(
                    domain: "news.example", site: .one("mail.example"), kind: .marketing, limits: SendLimits(),
                    warmUp: WarmUp(from: 100, to: 5_000)),
                PaceRule(
                    domain: "news.example", site: .one("google"), kind: .marketing, limits: SendLimits(),
                    warmUp: WarmUp(from: 50)),
            ])
    }

    @Test(arguments: [
        ("pace: [{site: google, per_second: 1}]", "unknown site \"google\""),
        ("pace: [{per_second: 0}]", "\"per_second\" must be a whole number from 1 to 1000000000"),
        ("pace: [{site: mail.example}]", "this rule of \"pace\" limits nothing"),
        ("pace: [{per_fortnight: 3, per_day: 1}]", "unknown key \"per_fortnight\" in a rule of \"pace\""),
        ("pace: [{class: urgent, per_day: 1}]", "\"class\" is marketing or transactional"),
        ("pace: [{class: transactional, warm_up: 50}]", "a warm-up holds back marketing alone"),
        ("pace: [{warm_up: {from: 50, to: 50}}]", "this warm-up ends before it begins: \"to\" is not above \"from\""),
        ("pace: [{per_day: 1}, {per_hour: 1}]", "another rule of \"pace\" holds for the same mails"),
        ("pace: {per_day: 1}", "\"pace\" must be a list, not a mapping"),
        ("sites: [gmail.com]", "\"sites\" must be a mapping, not a list"),
        ("sites: {google: [gmail]}", "a site's domain \"gmail\" is not a domain"),
        ("sites: {gmail.com: [gmail.com]}", "\"gmail.com\" is not the name of a site"),
        ("sites: {each: [gmail.com]}", "\"each\" is not the name of a site"),
        ("sites: {a: [gmail.com], b: [gmail.com]}", "the domain \"gmail.com\" belongs to the site \"a\" already"),
        (
            "sites: {google: [gmail.com]}\npace: [{site: gmail.com, per_day: 1}]",
            "the domain \"gmail.com\" belongs to the site \"google\""
        ),
    ])
    func faultsAreNamedWhereTheyStand(settings: String, message: String) throws {
        let loaded = Self.load(settings)
        let finding = try #require(loaded.findings.first { $0.message == message }, "\(loaded.findings)")
        #expect(finding.file == "workspace.yaml")
        #expect(finding.severity == .error)
        #expect(loaded.findings.filter { $0.severity == .error }.count == 1)
    }
}
