/// A trial with three mails, two waits, a branch and a goal, and its test.
enum Trial {
    static let files: [String: String] = [
        "workspace.yaml": """
        workspace: bench
        time_zone: Europe/Amsterdam
        sender: {name: Bench, address: hello@bench.example}
        address: Kade 1, 1000 AA Amsterdam
        topics: [{topic: onboarding, wording: "Yes, help me start"}]
        """,
        "stages.yaml": "stages: [{stage: see}, {stage: think, when: 'did(\"Trial Started\")'}]",
        "journeys/trial.yaml": """
        journey: trial
        stage: think
        enter: {event: Trial Started, again: never}
        goal: {when: 'run.did("Subscription Started")', within: 14d}
        exit: {when: '!consented("onboarding")'}
        steps:
          - email: trial-why
          - wait: 2d
          - if: run.did("Plan Created")
            then: [{email: trial-next}]
            else: [{email: trial-help}]
          - wait: 3d
          - wait: {until: "09:00", days: workdays}
          - email: trial-end
        """,
        "emails/trial-why/email.yaml": "subject: Why\ntopic: onboarding",
        "emails/trial-why/body.txt.mustache": "Why. {{links.unsubscribe}}",
        "emails/trial-next/email.yaml": "subject: Next\ntopic: onboarding",
        "emails/trial-next/body.txt.mustache": "Next. {{links.unsubscribe}}",
        "emails/trial-help/email.yaml": "subject: Help\ntopic: onboarding",
        "emails/trial-help/body.txt.mustache": "Help. {{links.unsubscribe}}",
        "emails/trial-end/email.yaml": "subject: End\ntopic: onboarding",
        "emails/trial-end/body.txt.mustache": "End. {{links.unsubscribe}}",
        "tests/trial.yaml": """
        test: who subscribes after three mails has converted
        start: 2026-03-02T10:00
        contact: {email: anne@bench.example, first_name: Anne, consents: [onboarding]}
        events:
          - {at: 0d, track: Trial Started}
          - {at: 1d, track: Plan Created}
          - {at: 8d, track: Subscription Started}
        expect:
          - {at: 0d, email: trial-why}
          - {at: 2d, email: trial-next}
          - {at: 2026-03-09T09:00, email: trial-end}
          - {at: 8d, ends: goal}
        """,
    ]
}
