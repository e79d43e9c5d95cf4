import Model
import Simulation
import Testing
import Workspaces

/// A small workspace whose tests are written one at a time.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: "Shop", address: hello@shop.example}
        address: "Kade 1, 1000 AA Amsterdam"
        topics:
          - {topic: onboarding, wording: "Yes, help me start"}
          - {topic: offers, wording: "Yes, send me offers"}
        """,
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'did("Trial Started")'}
          - {stage: do, when: 'did("Order Completed")'}
        """,
        "scores.yaml": "scores: [{score: heat, half_life: 2d, points: [{event: Page Viewed, points: 4}]}]",
        "segments/asleep.yaml": "segment: asleep\nwhen: did(\"Trial Started\") && !did(\"Page Viewed\", \"7d\")",
        "segments/hot.yaml": "segment: hot\nwhen: score(\"heat\") > 5",
        "personas.yaml": "personas: [{persona: maker, when: 'contact.role == \"dev\"'}]\ndefault: visitor",
        "journeys/trial.yaml": """
        journey: trial
        enter: {event: Trial Started, again: never}
        goal: {when: 'run.did("Pixel Installed")', within: 14d}
        exit: {when: '!consented("onboarding")'}
        steps:
          - email: pixel-why
          - wait: 2d
          - wait: {until: "09:00", days: workdays}
          - email: pixel-how
          - wait_for: {event: "Docs Viewed", at_most: 3d}
            then: [{email: docs}]
            else: [{email: pixel-help}]
        """,
        "journeys/wake-up.yaml": """
        journey: wake-up
        enter: {segment: asleep, again: per-entry}
        steps: [{email: wake-up}]
        """,
        "emails/pixel-why/email.yaml": "subject: Why\ntopic: onboarding",
        "emails/pixel-why/body.txt.mustache": "Why. {{links.unsubscribe}}",
        "emails/pixel-how/email.yaml": "subject: How\ntopic: onboarding",
        "emails/pixel-how/body.txt.mustache": "How. {{links.unsubscribe}}",
        "emails/pixel-help/email.yaml": "subject: Help\ntopic: onboarding",
        "emails/pixel-help/body.txt.mustache": "Help. {{links.unsubscribe}}",
        "emails/docs/email.yaml": "subject: Docs\nclass: transactional",
        "emails/docs/body.txt.mustache": "Docs.",
        "emails/wake-up/email.yaml": "subject: Wake up\ntopic: offers",
        "emails/wake-up/body.txt.mustache": "Wake up. {{links.unsubscribe}}",
    ]

    static let workspace = Workspace.load(files: files).workspace!

    /// The head of a test on the trial.
    static let trial = """
        test: a trial
        start: 2026-03-02T10:00
        contact: {email: anne@example.com, consents: [onboarding]}

        """

    static func read(_ text: String) -> (tests: [JourneyTest], findings: [Finding]) {
        workspace.tests(in: ["tests/trial.yaml": text])
    }

    static func results(_ text: String) throws -> [TestResult] {
        let (tests, findings) = read(text)
        #expect(findings.isEmpty, "\(findings)")
        return tests.map { test in
            PreparedTest(test, in: Simulator(workspace, journeys: test.journey.map { [$0] })).run()
        }
    }

    static func result(_ text: String) throws -> TestResult { try #require(try results(text).first) }

    /// What happened, as `2d1h ends: goal`.
    static func told(_ result: TestResult) -> [String] {
        result.stories.flatMap {
            $0.lines.map { "\($0.at.offset(since: result.test.start)) \($0.words(since: result.test.start))" }
        }
    }
}
