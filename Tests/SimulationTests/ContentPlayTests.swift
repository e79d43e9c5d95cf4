import Simulation
import Testing
import Workspaces

/// What mails show is played, and tests say what they expect of it.
struct ContentPlayTests {
    private static let workspace = Workspace.load(
        files: Shop.files.merging([
            "emails/pixel-why/email.yaml": """
            subject: Why
            topic: onboarding
            blocks:
              - block: hero
                variants:
                  - {variant: paid, when: event.properties.plan == "pro"}
                  - {variant: hot, when: 'in_segment("hot") || score("heat") > 3'}
                default: none
            variants: [{persona: maker, subject: "Why, maker"}, {stage: think, subject: Why think}]
            """,
            "emails/pixel-why/body.txt.mustache": "{{> hero}} {{links.unsubscribe}}",
            "emails/pixel-why/hero.paid.txt.mustache": "Paid",
            "emails/pixel-why/hero.hot.txt.mustache": "Hot",
        ]) { $1 }
    ).workspace

    private func result(plan: String = "free", role: String = "x", expect: String) throws -> TestResult {
        let workspace = try #require(Self.workspace)
        let text = """
            test: content
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, consents: [onboarding], attributes: {role: \(role)}}
            events: [{at: 0d, track: Trial Started, properties: {plan: \(plan)}}]
            until: 1d
            expect: [\(expect)]
            """
        let (tests, findings) = workspace.tests(in: ["tests/content.yaml": text])
        #expect(findings.isEmpty, "\(findings)")
        let test = try #require(tests.first)
        return PreparedTest(test, in: Simulator(workspace, journeys: nil)).run()
    }

    @Test(
        arguments: [
            ("pro", "x", "{at: 0d, email: pixel-why, shows: {hero: paid}, worded_for: {stage: think}}", true),
            ("free", "x", "{email: pixel-why, shows: {hero: none}}", true),
            ("free", "x", "{email: pixel-why, shows: {hero: hot}}", false),
            ("free", "dev", "{email: pixel-why, worded_for: {persona: maker}}", false),
            ("free", "dev", "{email: pixel-why, worded_for: {stage: think}}", true),
            ("free", "x", "{email: pixel-why, worded_for: everybody}", false),
        ])
    func testsSayWhatIsShown(plan: String, role: String, expect: String, passes: Bool) throws {
        let result = try result(plan: plan, role: role, expect: expect)
        #expect(result.passed == passes, "\(result.faults)")
    }

    @Test func storiesTellIt() throws {
        let result = try result(plan: "pro", expect: "{email: pixel-why}")
        let words = result.stories[0].lines.map { $0.words(since: result.test.start) }
        #expect(words.contains("e-mail pixel-why [stage think, hero paid]"), "\(words)")
    }

    @Test func whatThereIsNotIsReported() throws {
        let workspace = try #require(Self.workspace)
        for (expect, words) in [
            (
                "{email: pixel-why, shows: {hro: paid}}",
                "unknown block \"hro\" (blocks are hero; did you mean \"hero\"?"
            ),
            ("{email: pixel-why, shows: {hero: paif}}", "unknown variant \"paif\""),
            ("{ends: goal, shows: {hero: paid}}", "only an e-mail shows blocks"),
            ("{email: pixel-why, worded_for: {persona: baker}}", "unknown persona \"baker\""),
        ] {
            let text = "test: x\nstart: 2026-03-02T10:00\ncontact: {email: a@b.example}\nexpect: [\(expect)]\n"
            let findings = workspace.tests(in: ["tests/x.yaml": text]).findings.map(\.description)
            #expect(findings.contains { $0.contains(words) }, "\(findings)")
        }
    }
}
