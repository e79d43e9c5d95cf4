import Mail
import Testing
import Workspaces

@Suite struct SendingDomainReading {
    private static func load(_ domains: String, _ changes: [String: String?] = [:]) -> Workspace.Loaded {
        let settings = Shop.files["workspace.yaml"]! + "\nsending_domains: \(domains)\n"
        return Shop.load(changes.merging(["workspace.yaml": settings]) { $1 })
    }

    @Test func aDomainHasKeysAndHosts() throws {
        let loaded = Self.load(
            "[{domain: Shop.Example, dkim: [K2026, 2025], tracking_host: click.shop.example, bounce_host: b.shop.example}]"
        )
        #expect(loaded.findings.isEmpty)
        let domain = try #require(loaded.workspace?.sendingDomains.all.first)
        #expect(domain.domain.name == "shop.example")
        #expect(domain.selectors.map(\.name) == ["k2026", "2025"])
        #expect(domain.trackingHost?.name == "click.shop.example")
        #expect(domain.bounceHost?.name == "b.shop.example")
    }

    @Test func theLongestDomainAboveASenderIsItsOwn() throws {
        let domains = try ["shop.example", "news.shop.example", "op.example"].map { SendingDomain(try MailDomain($0)) }
        func found(_ name: String) throws -> String? {
            SendingDomains(domains).domain(of: try MailDomain(name))?.domain.name
        }
        #expect(try found("shop.example") == "shop.example")
        #expect(try found("a.news.shop.example") == "news.shop.example")
        #expect(try found("other.shop.example") == "shop.example")
        #expect(try found("myshop.example") == nil)
        #expect(try found("example") == nil)
    }

    @Test(arguments: [
        ("[{domain: shop}]", "the domain \"shop\" is not the name of a host"),
        ("[{domain: \"shop.example\\r\\nX: y\", dkim: k}]", "is not the name of a host"),
        ("[{domain: shop.example, dkim: [k_1]}]", "\"k_1\" is not a selector"),
        ("[{domain: shop.example, dkim: [k, K]}]", "the selector \"k\" stands twice"),
        ("[{domain: shop.example, dkim: [a, b, c, d, e]}]", "more than 4 keys would sign each mail"),
        ("[{domain: shop.example, dkim: k, bounce_host: \"127.0.0.1\"}]", "\"bounce_host\" \"127.0.0.1\" is not"),
        ("[{domain: shop.example, dkim: k}, {domain: SHOP.example, dkim: k}]", "stands twice"),
        ("[{domian: shop.example}]", "unknown key \"domian\""),
    ])
    func faultsAreNamed(_ domains: String, _ message: String) {
        let loaded = Self.load(domains)
        #expect(loaded.workspace == nil)
        #expect(
            loaded.findings.contains { $0.severity == .error && $0.message.contains(message) }, "\(loaded.findings)")
    }

    @Test func whatWouldGoUnsignedIsSaid() throws {
        let unsigned = Self.load("[{domain: shop.example}]")
        #expect(unsigned.workspace != nil)
        #expect(unsigned.findings.map(\.message) == ["mails from \"shop.example\" are not signed"])
        let sales = try #require(Shop.files["emails/offer/email.yaml"]).replacing("sales@shop.", with: "sales@deals.")
        let other = Self.load("[{domain: shop.example, dkim: k}]", ["emails/offer/email.yaml": sales])
        #expect(other.workspace != nil)
        #expect(other.findings.map(\.file) == ["emails/offer/email.yaml"])
        #expect(other.findings.first?.message.contains("\"deals.example\" is none of the \"sending_domains\"") == true)
    }

    @Test(arguments: [
        ("bounces.shop.example", true), ("bounces.example", false), ("shop.example", true),
        ("mail.other.example", false),
    ])
    func aBounceHostElsewhereIsWarnedOf(_ host: String, _ isAligned: Bool) {
        let loaded = Self.load("[{domain: shop.example, dkim: k, bounce_host: \(host)}]")
        #expect(loaded.workspace != nil)
        #expect(loaded.findings.isEmpty == isAligned, "\(loaded.findings)")
    }

    @Test func changingKeysIsNoNewVersionOfAJourney() throws {
        let before = try #require(Shop.load().workspace?.journeys.first?.digest)
        let after = try #require(Self.load("[{domain: shop.example, dkim: k}]").workspace?.journeys.first?.digest)
        #expect(before == after)
    }
}
