import Model
import Testing
import Workspaces

/// Blocks that are chosen when a mail is opened.
@Suite struct LiveBlockTests {
    private static let live = """
        live:
          - live: banner
            alt: Our offer
            width: 560
            source: https://shop.example/stock.json
            rules:
              - {when: live.stock == 0, image: https://cdn.example/sold.png}
              - {when: device == "mobile" && place.country == "NL", image: https://cdn.example/nl-phone.png}
              - {when: 'time >= "18:00" && weekday in ["sat", "sun"]', image: https://cdn.example/night.png}
              - {when: date >= "2026-12-01", image: https://cdn.example/winter.png, link: https://shop.example/winter}
            fallback: {image: https://cdn.example/all.png, link: https://shop.example/}
        """

    private static func load(_ live: String = live) -> Workspace.Loaded {
        Shop.load([
            "emails/thanks/email.yaml": "subject: Thanks\nclass: transactional\n" + live,
            "emails/thanks/body.html.mustache": "<p>{{> banner}}</p>",
        ])
    }

    @Test(
        arguments: [
            ("2026-03-02T10:00:00Z", "", [:], "{}", "all"), ("2026-03-02T10:00:00Z", "", [:], "{\"stock\": 0}", "sold"),
            ("2026-03-02T10:00:00Z", "mobile", ["country": "NL"], "{}", "nl-phone"),
            ("2026-03-02T10:00:00Z", "mobile", ["country": "BE"], "{}", "all"),
            // Saturday evening in Amsterdam begins an hour before it does in Greenwich.
            ("2026-03-07T17:30:00Z", "", [:], "{}", "night"), ("2026-03-07T16:30:00Z", "", [:], "{}", "all"),
            ("2026-11-30T23:30:00Z", "", [:], "{}", "winter"), ("2026-11-30T22:30:00Z", "", [:], "{}", "all"),
        ] as [(String, String, [String: String], String, String)])
    func theFirstRuleThatHoldsCounts(
        now: String, device: String, place: [String: String], live: String, image: String
    ) throws {
        let loaded = Self.load()
        let block = try #require(loaded.workspace?.emails["thanks"]?.live.first, "\(loaded.findings)")
        let opening = Opening(
            now: try #require(Timestamp(iso8601: now)), device: device, place: place.mapValues { .string($0) },
            zone: try #require(LocalZone("Europe/Amsterdam")), live: try JSON(parsing: Array(live.utf8)))
        let shown = block.content(for: opening)
        #expect(shown.image == "https://cdn.example/\(image).png")
        #expect((shown.link != nil) == ["all", "winter"].contains(image))
        #expect(block.asksSource && block.width == 560)
    }

    @Test(
        arguments: [
            ("device == \"mobile\" && place", "contact.vip && place", "does not know the contact"),
            ("device == \"mobile\" && place", "did(\"Order Completed\") && place", "does not know the contact"),
            ("https://cdn.example/sold.png", "javascript:alert(1)", "an image is an absolute http or https URL"),
            ("link: https://shop.example/}", "link: //evil}", "a link is an absolute http or https URL"),
            (", link: https://shop.example/}", "}", "the fallback has no \"link\""),
            ("    source: https://shop.example/stock.json\n", "", "nothing says where \"live\" comes from"),
            ("    alt: Our offer\n", "", "a live block has no \"alt\""), ("width: 560", "width: 0", "\"width\""),
            ("live: banner", "live: body", "is the name of a block or partial as well"),
            ("weekday in", "weekdays in", "unknown name 'weekdays' (did you mean 'weekday'?"),
            ("live: banner", "live: other", "there is no partial or block \"banner\""),
        ])
    func faultsAreNamed(_ old: String, _ new: String, _ words: String) {
        #expect(Self.live.contains(old))
        let found = Self.load(Self.live.replacing(old, with: new)).findings.map(\.description)
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }
}
