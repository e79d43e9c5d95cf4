import TestSupport

/// Definitions whose conditions only ever become true: so that of a decision taken on what was known at the time it can be
/// told afterwards, from everything, whether its reason was there.
enum OracleShop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: [
            "offers": "Yes, send me offers", "news": "Yes, send me news", "tracking": "Yes, you may see what I open",
        ]),
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'did("Form Submitted")'}
          - {stage: do, when: 'count("Order Completed") >= 2'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 1h
            points:
              - {event: Page Viewed, points: 1}
              - {event: Form Submitted, points: 10}
              - {event: Email Clicked, points: 3}
              - {event: Order Refunded, points: -4}
          - score: loyalty
            points:
              - {event: Order Completed, points: 2.5, when: 'event.properties.order != "o0"'}
          - score: attention
            points:
              - {event: Page Viewed, points: 1, cap: {per_day: 2}}
              - {event: Docs Viewed, points: 2, cap: {total: 3}}
              - {event: Order Completed, points: 5, cap: {per_day: 1, total: 2}}
              - {event: Order Refunded, points: -3, cap: {per_day: 1}}
          - score: heat
            half_life: 1h
            expires: 30h
            points:
              - {event: Page Viewed, points: 1, cap: {per_day: 2}}
              - {event: Docs Viewed, points: 4, expires: 20h}
        """,
        "journeys/welcome.yaml": """
        journey: welcome
        enter: {event: Order Completed, when: 'count("Order Completed") >= 2', again: never}
        steps: [{email: thanks}]
        """,
        "journeys/receipt.yaml": """
        journey: receipt
        enter: {event: Order Completed, key: event.properties.order, again: per-key}
        steps: [{email: thanks, step: receipt}]
        """,
        "journeys/thinker.yaml": """
        journey: thinker
        enter: {stage: think}
        goal: {when: 'run.did("Order Completed")', within: 14d}
        steps: [{wait: 1d}]
        """,
        "journeys/buyer.yaml": """
        journey: buyer
        enter: {segment: buyers, again: never}
        steps: [{email: thanks, step: bought}]
        """,
        // Of every kind of fact, of each other, of a window of time, and within a stage.
        "segments/buyers.yaml": segment("buyers", #"count("Order Completed") >= 2"#),
        "segments/a-mixture.yaml": segment("a-mixture", #"in_segment("buyers") && !in_segment("offered")"#),
        "segments/offered.yaml": segment("offered", #"consented("offers")"#),
        "segments/located.yaml": segment("located", #"has(contact.city) && contact.city == "Delft 3""#),
        "segments/loyal.yaml": segment("loyal", #"score("loyalty") >= 5"#),
        "segments/refunders.yaml": segment("refunders", #"count("Order Refunded", "20h") == 1"#),
        "segments/thinkers.yaml": "segment: thinkers\nstage: think\nwhen: 'true'",
        "personas.yaml": """
        personas:
          - {persona: mixed, when: in_segment("a-mixture")}
          - {persona: local, when: in_segment("located")}
        default: visitor
        """,
        "emails/thanks/email.yaml": "{subject: Thanks, class: transactional}",
        "emails/thanks/body.txt.mustache": "Thank you.\n",
    ]

    private static func segment(_ name: String, _ when: String) -> String { "segment: \(name)\nwhen: '\(when)'" }
}
