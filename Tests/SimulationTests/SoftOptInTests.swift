import Model
import SendGate
import Simulation
import Testing
import Workspaces

/// Mail that rests on a sale, on the virtual clock.
@Suite struct SoftOptInTests {
    private static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: "Shop", address: hello@shop.example}
        address: "Kade 1, 1000 AA Amsterdam"
        topics:
          - topic: news
            wording: "Yes, news"
            basis: soft_opt_in
            sale: {event: Order Completed, within: 30d, similar_products: shoes, opt_out: a box at the checkout}
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
        #expect(findings.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        return Shop.told(PreparedTest(test, in: Simulator(workspace)).run()).filter { $0.contains("hello") }
    }

    private func mails(_ events: String) throws -> [Bool] {
        try told(events).filter { $0.contains("e-mail hello") || $0.contains("not") }.map { !$0.contains("not") }
    }

    @Test func itGoesToWhoeverHasBoughtForAsLongAsThatCounts() throws {
        let sale = "{at: 1h, track: Order Completed}"
        let told = try mails(
            "{at: 0d, track: A}, \(sale), {at: 2h, track: A}, {at: 29d, track: A}, {at: 31d, track: A}")
        #expect(told == [false, true, true, false])
    }

    @Test func anObjectionOutweighsTheNextSale() throws {
        let sale = "track: Order Completed"
        let told = try mails(
            "{at: 0d, \(sale)}, {at: 1h, track: A}, {at: 2h, unsubscribe: news}, {at: 3h, \(sale)}, {at: 4h, track: A}")
        #expect(told == [true, false])
    }

    @Test func theReasonIsTold() throws {
        let lines = try told("{at: 0d, track: A}")
        #expect(lines.contains { $0.contains("no sale of late that mail of the topic could rest on") }, "\(lines)")
    }
}
