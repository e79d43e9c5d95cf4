import TestSupport

/// The definitions that these tests run with.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers"]),
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'did("Form Submitted")'}
        """,
        "journeys/welcome.yaml": """
        journey: welcome
        enter: {event: Order Completed, when: 'count("Order Completed") == 2'}
        steps:
          - email: thanks
          - wait: 2d
          - wait_for: {event: Docs Viewed, at_most: 3d}
            then: [{email: offer, step: has-read}]
            else: [{email: offer, step: has-not-read}]
        """,
        "journeys/receipt.yaml": """
        journey: receipt
        enter: {event: Order Completed, key: event.properties.order, again: per-key}
        steps: [{email: thanks, step: receipt}]
        """,
        "journeys/thinker.yaml": """
        journey: thinker
        enter: {stage: think}
        steps: [{wait: 1d}]
        """,
        "journeys/onboarding.yaml": """
        journey: onboarding
        enter: {event: Signed Up}
        goal: {when: 'run.did("Pixel Installed")', within: 14d}
        exit: {when: 'did("Account Closed")'}
        steps: [{wait: 10d}]
        """,
        "segments/vip.yaml": "segment: vip\nwhen: 'count(\"Order Completed\") > 5'",
        "journeys/vip.yaml": """
        journey: vip
        enter: {segment: vip, again: per-entry}
        exit: {when: '!in_segment("vip")'}
        steps: [{wait: 10d}]
        """,
        "journeys/vip-ever.yaml": """
        journey: vip-ever
        enter: {segment: vip, again: never, backfill: true}
        steps: [{wait: 1d}]
        """,
        "emails/thanks/email.yaml": "{subject: Thanks, class: transactional}",
        "emails/thanks/body.txt.mustache": "Thank you.\n",
        "emails/offer/email.yaml": "{subject: Offer, topic: offers}",
        "emails/offer/body.txt.mustache": "An offer: {{links.unsubscribe}}\n",
    ]
}
