import Expressions
import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Mail that rests on a legitimate interest, on the virtual clock.
@Suite struct LegitimateInterestTests {
    private static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: "Shop", address: hello@shop.example}
        address: "Kade 1, 1000 AA Amsterdam"
        topics:
          - topic: news
            wording: "Yes, news"
            basis: legitimate_interest
            balancing_test: {document: LIA-7, date: 2026-03-01}
        """,
        "journeys/hello.yaml": """
        journey: hello
        enter: {event: A, again: per-key, key: event.id}
        steps: [{email: hello}]
        """,
        "emails/hello/email.yaml": "subject: Hello\ntopic: news",
        "emails/hello/body.txt.mustache": "{{workspace.address}} {{links.unsubscribe}}",
    ]

    private func told(_ events: String) throws -> [String] {
        let loaded = Workspace.load(files: Self.files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let text =
            "test: t\nstart: 2026-03-02T10:00\ncontact: {email: anne@example.com}\nevents: [\(events)]\nexpect: []\n"
        let (tests, findings) = workspace.tests(in: ["tests/t.yaml": text])
        #expect(findings.filter { $0.severity == .error }.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        return Shop.told(PreparedTest(test, in: Simulator(workspace)).run()).filter { $0.contains("hello") }
    }

    @Test func itGoesUntilTheySayNo() throws {
        let told = try told("{at: 0d, track: A}, {at: 1h, refuse: news}, {at: 2h, track: A}")
        #expect(told.contains { $0.hasPrefix("0d") && $0.contains("e-mail hello") && !$0.contains("not") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("2h") && $0.contains("not") }, "\(told)")
    }

    @Test func whoeverSaidNoBeforeThePlayGetsNone() throws {
        let workspace = try #require(Workspace.load(files: Self.files).workspace)
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        func reasons(refusing topics: [String]) -> [Reasons] {
            var contact = PlayedContact(name: "anne", attributes: ["email": .string("anne@shop.example")])
            contact.refusals = topics
            var play = ContactPlay(contact, in: Simulator(workspace), at: start)
            play.run([PlayedEvent(HistoryEvent(at: start, eventID: "e", name: "A"))], until: start + .days(1))
            return play.story.compactMap { if case .skipped(_, _, _, let reasons) = $0.what { reasons } else { nil } }
        }
        #expect(reasons(refusing: ["news"]) == [.consentWithdrawn])
        #expect(reasons(refusing: ["offers"]) == [])
    }
}
