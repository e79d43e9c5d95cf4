import JourneyProgram
import Model
import Testing
import Workspaces

/// Steps that lay out a message for the contact's next visit.
struct SiteMessageReadingTests {
    private static func load(_ step: String) -> Workspace.Loaded {
        Shop.load(["journeys/visit.yaml": "journey: visit\nenter: {event: X}\nsteps:\n\(step)\n"])
    }

    @Test func theyAreReadWithWhatTheySay() throws {
        let loaded = Self.load(
            """
              - site_message: plans
                text: "{{workspace.name}} has new plans"
                link: {text: See them, url: /plans?from=site}
                topic: offers
                until: 3d
              - {site_message: thanks, step: thanks-again, text: Thank you, class: transactional, late: {after: 1h}}
            """)
        #expect(loaded.findings.isEmpty, "\(loaded.findings)")
        let workspace = try #require(loaded.workspace)
        let steps = try #require(workspace.journey(named: "visit")).journey.callSteps
        #expect(steps.map(\.step) == ["plans", "thanks-again"])
        #expect(steps.map(\.call.name) == ["site_message:plans", "site_message:thanks"])
        #expect(steps.map(\.call.topic) == ["offers", nil])
        #expect(steps.map(\.call.lifetime) == [.days(3), .days(14)])
        #expect(
            workspace.siteMessage(atStep: "plans", ofJourney: "visit")
                == SiteMessage(text: "shop has new plans", link: .init(text: "See them", url: "/plans?from=site")))
        #expect(workspace.siteMessage(atStep: "plan", ofJourney: "visit") == nil)
    }

    @Test(arguments: [
        ("{site_message: a, text: x}", "4:5", "a site message has a \"topic\", or"),
        ("{site_message: a, topic: offers}", "4:5", "a site_message step has no \"text\""),
        ("{site_message: a, text: x, topic: ofers}", "4:39", "unknown topic \"ofers\""),
        ("{site_message: a, text: x, topic: tracking}", "4:39", "unknown topic \"tracking\""),
        ("{site_message: a, text: x, topic: offers, class: transactional}", "4:54", "either a topic or a class"),
        ("{site_message: a b, text: x, topic: offers}", "4:20", "is not a name"),
        (
            "{site_message: a, text: \"Hello {{contact.name}}\", topic: offers}", "4:29",
            "does not say {{contact.name}}: whoever sits at that browser reads it"
        ),
        (
            "{site_message: a, text: \"{{event.properties.x}}\", topic: offers}", "4:29",
            "it may have {{workspace.name}}"
        ),
        ("{site_message: a, text: \"{{{workspace.name}}}\", topic: offers}", "4:29", "an unescaped merge field"),
        ("{site_message: a, text: x, topic: offers, until: 31d}", "4:54", "30 days at most"),
        ("{site_message: a, text: x, topic: offers, link: {text: x}}", "4:53", "a link has no \"url\""),
        ("{site_message: a, text: x, topic: offers, txt: x}", "4:47", "unknown key \"txt\""),
        (
            "{site_message: a, text: x, topic: offers}\n  - {site_message: a, text: y, topic: offers}", "5:20",
            "stands in"
        ),
    ])
    func faultsAreFoundAtTheirPlaces(step: String, place: String, message: String) {
        let findings = Self.load("  - \(step)").findings.map(\.description)
        #expect(
            findings.contains { $0.hasPrefix("journeys/visit.yaml:\(place)  ") && $0.contains(message) }, "\(findings)")
    }

    @Test(arguments: [
        "javascript:alert(1)", "http://shop.example/", "//evil.example/", "/\\\\evil.example", "https://", "plans",
        "data:text/html,x", "https://a@evil.example/", "/a b", "https://shop.example\\\\@evil.example", "/a\\\"b",
    ])
    func linksLeadToSitesOnly(url: String) {
        let step = "  - {site_message: a, text: x, topic: offers, link: {text: x, url: \"\(url)\"}}"
        let findings = Self.load(step).findings.map(\.description)
        #expect(findings.contains { $0.contains("is not where a site message may lead") }, "\(findings)")
    }

    @Test(arguments: ["/", "/plans#two", "https://shop.example/a?b=c#d", "https://shop.example"])
    func sitesAndPathsMayBeLedTo(url: String) {
        let step = "  - {site_message: a, text: x, topic: offers, link: {text: x, url: \"\(url)\"}}"
        #expect(Self.load(step).findings.isEmpty)
    }
}
