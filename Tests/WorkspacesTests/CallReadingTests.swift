import JourneyProgram
import Model
import Testing
import Workspaces

/// Webhooks and teams, and the steps that tell them something.
struct CallReadingTests {
    private static func load(_ steps: String, _ targets: String = targets) -> (Workspace?, [Finding]) {
        let files = [
            "workspace.yaml": """
            workspace: shop
            time_zone: UTC
            sender: {name: Shop, address: hello@shop.example}
            address: A street
            \(targets)
            """,
            "journeys/j.yaml": "journey: j\nenter: {event: X}\nsteps:\n\(steps)\n",
        ]
        let loaded = Workspace.load(files: files)
        return (loaded.workspace, loaded.findings)
    }

    private static let targets = """
        webhooks: [{webhook: crm, url: "https://crm.example/loods"}]
        notify: [{notify: sales, email: sales@shop.example}, {notify: ops, webhook: crm}]
        """

    @Test func stepsAreReadWithWhatTheySay() throws {
        let (workspace, findings) = Self.load(
            """
              - webhook: crm
                data: {plan: "{{contact.plan}}", rank: 7, tags: [a, true]}
              - {notify: sales, step: alert, text: "{{contact.email}} calls", late: {after: 1h}}
              - {notify: ops, text: Hello}
            """)
        #expect(findings.isEmpty, "\(findings)")
        let steps = try #require(workspace?.journey(named: "j")).journey.callSteps
        #expect(steps.map(\.step) == ["webhook-crm", "alert", "notify-ops"])
        #expect(steps.map(\.call.name) == ["webhook:crm", "notify:sales", "notify:ops"])
        #expect(
            steps.first?.call.content
                == .object([
                    "plan": .string("{{contact.plan}}"), "rank": .int(7), "tags": .array([.string("a"), .bool(true)]),
                ]))
        #expect(workspace.map { workspace in steps.map { workspace.isMailed($0.call) } } == [false, true, false])
        let crm = try #require(workspace?.webhook(named: "crm"))
        #expect(crm.url == "https://crm.example/loods")
        #expect(workspace?.team(named: "ops")?.way == .webhook(crm))
    }

    @Test(arguments: [
        ("  - webhook: cmr", "4:14", "unknown webhook \"cmr\""), ("  - notify: sale", "4:5", "has no \"text\""),
        ("  - {notify: sale, text: x}", "4:14", "did you mean \"sales\""),
        ("  - {webhook: crm, data: 7}", "4:26", "\"data\" must be a mapping"),
        ("  - {webhook: crm, data: {a: {b: \"{{{c}}}\"}}}", "4:34", "an unescaped merge field"),
        ("  - {notify: sales, text: \"{{#a}}\"}", "4:27", "is not closed"),
        ("  - {notify: sales, txt: x}", "4:21", "unknown key"),
        (
            "  - {if: 'answers[\"webhook-crm\"].status == 200', then: [end]}\n  - webhook: crm", "4:10",
            "no step before this one"
        ),
        (
            "  - webhook: crm\n  - {if: 'answers[\"webhook-cmr\"].status == 200', then: [end]}", "5:10",
            "did you mean \"webhook-crm\""
        ),
        ("  - webhook: crm\n  - webhook: crm", "5:14", "a step named \"webhook-crm\" stands in this journey already"),
    ])
    func faultsOfStepsAreTold(steps: String, place: String, message: String) {
        let findings = Self.load(steps).1
        #expect(
            findings.contains { "\($0.line):\($0.column)" == place && "\($0)".contains(message) }, "\(findings)")
    }

    /// What repeats may ask what the pass before was answered, and goals and exits what any step was.
    @Test func answersMayBeAskedForWhereTheyCanBe() throws {
        let steps = """
              - repeat: {times: 3, until: 'answers["webhook-crm"].status == 200'}
                steps:
                  - {if: 'answers["webhook-crm"].status == 404', then: [end]}
                  - {webhook: crm}
                  - {wait: 1d}
            exit: {when: 'answers["webhook-crm"].status == 410'}
            """
        #expect(Self.load(steps).1 == [])
        let wrong = Self.load("  - webhook: crm\nexit: {when: 'answers[\"webhook-cmr\"].status == 410'}").1
        #expect(wrong.count == 1 && "\(wrong)".contains("did you mean \"webhook-crm\""), "\(wrong)")
    }

    /// One fault is told once.
    @Test func aFaultyWebhookMakesNoFaultsOfWhatSpeaksOfIt() {
        let targets = "webhooks: [{webhook: crm, url: nowhere}]\nnotify: [{notify: ops, webhook: crm}]"
        let findings = Self.load(
            "  - webhook: crm\n  - {if: 'answers[\"webhook-crm\"].status == 200', then: [end]}\n  - {notify: ops, text: x}",
            targets
        ).1
        #expect(findings.count == 1 && "\(findings)".contains("is not the URL of a webhook"), "\(findings)")
    }

    @Test(arguments: [
        ("webhooks: [{webhook: crm, url: \"ftp://crm.example\"}]", "is not the URL of a webhook"),
        ("webhooks: [{webhook: crm, url: \"https://user@crm.example/\"}]", "is not the URL of a webhook"),
        ("webhooks: [{webhook: crm, url: \"https://crm.example/#x\"}]", "is not the URL of a webhook"),
        ("webhooks: [{webhook: crm, url: \"https://[::1]/\"}]", "is not the URL of a webhook"),
        ("webhooks: [{webhook: crm}]", "a webhook has no \"url\""),
        ("notify: [{notify: sales}]", "either an \"email\" or a \"webhook\""),
        ("notify: [{notify: sales, email: a@b.example, webhook: crm}]", "either an \"email\" or a \"webhook\""),
        ("notify: [{notify: sales, email: nobody}]", "is not an address"),
        ("notify: [{notify: sales, webhook: crm}]", "unknown webhook"),
        ("notify: [{notify: a, email: a@b.example}, {notify: a, email: a@b.example}]", "stands twice"),
    ])
    func faultsOfTargetsAreTold(targets: String, message: String) {
        let findings = Self.load("  - wait: 1d", targets).1
        #expect(findings.contains { "\($0)".contains(message) }, "\(findings)")
    }

    /// Runs tell whom they were published with.
    @Test func aJourneyIsAnotherWhereItTellsAnother() throws {
        func digest(_ targets: String) throws -> UniqueID {
            try #require(Self.load("  - {notify: sales, text: x}", targets).0?.journey(named: "j")).digest
        }
        let before = try digest(Self.targets)
        #expect(try digest(Self.targets) == before)
        #expect(try digest(Self.targets.replacing("sales@", with: "others@")) != before)
        #expect(try digest(Self.targets.replacing("/loods", with: "/other")) == before)
    }

    @Test func addressesOfWebhooksAreTakenApart() throws {
        let plain = try #require(WebhookURL("HTTPS://CRM.Example/a?b"))
        #expect(plain.host == "crm.example" && plain.port == 443 && plain.isSecure)
        #expect(plain.text == "https://crm.example/a?b")
        let other = try #require(WebhookURL("http://crm:8080"))
        #expect(other.host == "crm" && other.port == 8080 && !other.isSecure)
        for text in [
            "crm.example", "https://", "https://a:0/", "https://a:b/", "https://a b/", "https:///x", "https://a:+443/",
        ] {
            #expect(WebhookURL(text) == nil, "\(text)")
        }
    }
}
