import ServiceRuntime
import Workspaces

/// The workspace that `loods init` writes: a shop with one journey of two e-mails.
struct StarterWorkspace {
    let name: String
    /// Relative path to text.
    let files: [String: String]

    init(name: String, stages: ReadyStages = .seeThinkDoCare) throws {
        self.name = name
        files = [
            "workspace.yaml": """
            workspace: \(name)
            time_zone: Europe/Amsterdam
            sender: {name: The Example Shop, address: hello@shop.example}
            address: The Example Shop, Main Street 1, 1000 AA Amsterdam
            topics:
              - topic: offers
                wording: Yes, send me news and offers by e-mail, at most weekly.
              - topic: tracking
                wording: Yes, the shop may see which of its e-mails I open and which links I follow.

            """,
            "stages.yaml": stages.stages, "scores.yaml": stages.scores,
            "journeys/welcome.yaml": Self.journey(stages.purchase),
            "tests/welcome.yaml": Self.tests,
            "emails/welcome-thanks/email.yaml": """
            subject: Thank you for your order
            class: transactional

            """,
            "emails/welcome-thanks/body.txt.mustache": Self.thanks,
            "emails/welcome-story/email.yaml": """
            subject: How we choose what we sell
            preheader: Everything was tried by one of us first
            topic: offers
            # layouts/shop.html.mustache stands around the body; the text that goes with it is made of both.
            layout: shop

            """,
            "emails/welcome-story/body.html.mustache": Self.story,
            "layouts/shop.html.mustache": Self.layout,
        ]
        let findings = Workspace.load(files: files).findings
        if let finding = findings.first { throw ExitFault(code: .settings, message: finding.message) }
    }

    private static func journey(_ stage: String) -> String {
        """
        journey: welcome
        stage: \(stage)
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        goal: {when: 'run.did("Order Completed")', within: 30d}
        steps:
          - email: welcome-thanks
          - wait: 2d
          - wait: {until: "09:00", days: workdays}
          - if: 'consented("offers")'
            then:
              - email: welcome-story

        """
    }

    private static let tests = """
        - test: who orders is thanked, and hears our story on the third working morning
          start: 2026-03-02T10:00
          contact: {email: anne@shop.example, consents: [offers]}
          events: [{at: 0d, track: Order Completed}]
          expect:
            - {at: 0d, email: welcome-thanks}
            - {at: 2026-03-05T09:00, email: welcome-story}
            - {at: 30d, ends: completed}
        - test: without consent there is no story
          start: 2026-03-02T10:00
          contact: {email: anne@shop.example}
          events: [{at: 0d, track: Order Completed}]
          expect: [{at: 0d, email: welcome-thanks}, {takes: else}]
          never: [{email: welcome-story}, {skipped: welcome-story}]
        - test: whoever orders again has been won
          start: 2026-03-02T10:00
          contact: {email: anne@shop.example, consents: [offers]}
          events: [{at: 0d, track: Order Completed}, {at: 1d, track: Order Completed}]
          expect: [{at: 0d, email: welcome-thanks}, {at: 1d, ends: goal}]

        """

    private static let thanks = """
        Hello{{#contact.first_name}} {{contact.first_name}}{{/contact.first_name}},

        thank you for your order. We pack it today.

        The Example Shop

        """

    private static let story = """
        <h1>{{message.subject}}</h1>
        <p>Hello {{contact.first_name | "there"}},</p>
        <p>everything in the shop was tried by one of us first:
        <a href="https://shop.example/story">how we choose</a>.</p>

        """

    private static let layout = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>{{message.subject}}</title>
        </head>
        <body style="margin:0;padding:24px 12px;background:#f4f4f1;color:#222222;font:16px/1.5 Helvetica,Arial,sans-serif">
          <div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff">
            {{> body}}
            <p style="margin:32px 0 0;color:#5c5c5c;font-size:13px">{{workspace.address}}<br>
            <a href="{{links.unsubscribe}}" style="color:#5c5c5c">No more of these</a></p>
          </div>
        </body>
        </html>

        """
}
