import Testing
import Workspaces

/// A small workspace without faults, to be changed one file at a time.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: "Shop", address: hello@shop.example}
        reply_to: help@shop.example
        address: "Kade 1, 1000 AA Amsterdam"
        topics:
          - {topic: offers, wording: "Yes, send me offers"}
          - {topic: onboarding, wording: "Yes, help me start", version: 2}
          - {topic: tracking, wording: "You may see what I open"}
        """,
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'score("engagement") >= 10'}
          - {stage: do, when: 'did("Order Completed")'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Page Viewed, points: 1}
              - {event: Order Completed, points: -2.5, when: event.properties.revenue > 100}
        """,
        "journeys/welcome.yaml": """
        journey: welcome
        stage: do
        enter: {event: Order Completed, when: 'count("Order Completed") == 1'}
        goal: {when: 'run.did("Order Completed")', within: 14d}
        exit: {when: '!consented("offers")'}
        steps:
          - email: thanks
          - wait: 2d
          - wait: {until: "09:00", days: workdays}
          - email: thanks
            step: thanks-again
          - wait_for: {event: Page Viewed, at_most: 3d, when: 'event.properties.path == "/docs"'}
            then:
              - if: 'stage == "do" && score("engagement") > 3'
                then: [{email: offer}]
                else: [end]
        """,
        "emails/thanks/email.yaml": "{subject: 'Thanks, {{contact.name}}', class: transactional}",
        "emails/thanks/body.txt.mustache": "Thank you, {{contact.name}}.\n",
        "emails/offer/email.yaml": """
        subject: An offer
        topic: offers
        sender: {name: Sales, address: sales@shop.example}
        preheader: Only this week
        """,
        "emails/offer/body.txt.mustache": "An offer.\n{{workspace.address}}\n{{links.unsubscribe}}\n",
        "emails/offer/body.html.mustache":
            "<p>An offer</p><p>{{workspace.address}} <a href=\"{{links.unsubscribe}}\">No more</a></p>\n",
    ]

    /// With other texts in place of files; nil removes one.
    static func load(_ changes: [String: String?] = [:]) -> Workspace.Loaded {
        var files = files
        for (file, text) in changes { files[file] = text }
        return Workspace.load(files: files)
    }

    /// The findings that a change of one file leads to.
    static func findings(_ file: String, _ text: String?) -> [String] {
        load([file: text]).findings.map(\.description)
    }

    /// The findings of the welcome journey with other text in place of one part.
    static func findings(in file: String = "journeys/welcome.yaml", replacing old: String, with new: String) -> [String]
    {
        let text = files[file]!
        precondition(text.contains(old), "\(file) does not contain \(old)")
        return findings(file, text.replacing(old, with: new))
    }
}
