import Simulation
import Testing
import Workspaces

/// A workspace of one topic, `news`, of which each event `A` brings a mail: what the topic asks for is what tests are of.
struct OneTopicShop {
    let workspace: Workspace

    /// - Parameters:
    ///   - topic: fields of the topic, each with a comma before it.
    ///   - settings: more of `workspace.yaml`.
    init(topic: String = "", settings: String = "") throws {
        let loaded = Workspace.load(files: [
            "workspace.yaml": """
            workspace: shop
            time_zone: Europe/Amsterdam
            sender: {name: "Shop", address: hello@shop.example}
            address: "Kade 1, 1000 AA Amsterdam"
            topics: [{topic: news, wording: "Yes, news"\(topic)}]
            \(settings)
            """,
            "journeys/hello.yaml": """
            journey: hello
            enter: {event: A, again: per-key, key: event.id}
            steps: [{email: hello}]
            """,
            "emails/hello/email.yaml": "subject: Hello\ntopic: news",
            "emails/hello/body.txt.mustache": "{{workspace.address}} {{links.unsubscribe}}",
        ])
        workspace = try #require(loaded.workspace, "\(loaded.findings)")
    }

    /// What is told of a contact to whom these events happen.
    ///
    /// - Parameter contact: more of theirs, each with a comma before it.
    func told(_ events: String, contact: String = "") throws -> [String] {
        let text = """
            test: t
            start: 2026-03-02T10:00
            contact: {email: anne@example.com\(contact)}
            events: [\(events)]
            expect: []
            """
        let (tests, findings) = workspace.tests(in: ["tests/t.yaml": text])
        #expect(findings.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        return Shop.told(PreparedTest(test, in: Simulator(workspace)).run())
    }
}
