import TestSupport

/// The definitions that these tests run with.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers", "news": "Yes, send me news"]),
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'score("engagement") >= 10'}
          - {stage: do, when: 'count("Order Completed") >= 2'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Page Viewed, points: 1}
              - {event: Form Submitted, points: 10}
          - score: loyalty
            points:
              - {event: Order Completed, points: 2.5}
        """,
        "journeys/second-order.yaml": """
        journey: second-order
        enter: {event: Order Completed, when: 'count("Order Completed") == 2'}
        steps: [{email: thanks}]
        """,
        "emails/thanks/email.yaml": "{subject: Thanks, class: transactional}",
        "emails/thanks/body.txt.mustache": "Thank you.\n",
    ]
}
