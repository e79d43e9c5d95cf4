/// A workspace with one transactional mail for a first order and one marketing mail behind it.
public enum Shop {
    /// How `workspace.yaml` begins; its topics come next.
    public static let head = """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: The Shop, address: hello@shop.example}
        address: The Shop, Main Street 1, Amsterdam
        """

    public static let files: [String: String] = [
        "workspace.yaml": """
        \(head)
        topics:
          - {topic: offers, wording: "Yes, send me offers"}
          - {topic: tracking, wording: "Yes, you may see what I open"}
        """,
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: do, when: 'did("Order Completed")'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Identified, points: 1}
              - {event: Order Completed, points: 20, when: 'event.properties.order_id != ""'}
          - score: attention
            points:
              - {event: Consent Given, points: 2.5, cap: {per_day: 1}}
              - {event: Identified, points: 1, expires: 3650d}
              - {event: Order Completed, points: 5, cap: {per_day: 2, total: 2}}
            fit: [{when: 'contact.first_name != ""', points: 1}]
            bands: [{band: cold}, {band: warm, from: 3}, {band: hot, from: 8}]
        """,
        "journeys/first.yaml": """
        journey: first
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        steps:
          - email: receipt
          - email: offer
        """,
        "journeys/basket.yaml": """
        journey: basket
        enter: {event: Basket Left, again: never}
        steps: [{email: basket-left}]
        """,
        "emails/basket-left/email.yaml": "subject: Still there\ntopic: offers\n",
        "emails/basket-left/body.txt.mustache": "Your basket waits. No more of these: {{links.unsubscribe}}\n",
        "emails/receipt/email.yaml": "subject: Your order {{event.properties.order_id}}\nclass: transactional\n",
        "emails/receipt/body.txt.mustache": "Thank you, {{contact.first_name}}.\n",
        "emails/offer/email.yaml": "subject: Something for you\ntopic: offers\n",
        "emails/offer/body.txt.mustache": "https://shop.example/offers\nNo more of these: {{links.unsubscribe}}\n",
        "emails/offer/body.html.mustache":
            "<p><a href=\"https://shop.example/offers\">Offers</a></p><p><a href=\"{{links.unsubscribe}}\">No more</a></p>",
    ]

    /// The same as the release before can read it.
    public static let former = files.merging([
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Identified, points: 1}
              - {event: Order Completed, points: 20}
        """
    ]) { $1 }

    /// The events of one customer: who they are, what they agreed to, and a first order.
    public static func customer(_ number: Int, consents: [String]) -> [[String: Any]] {
        func event(_ id: String, _ fields: [String: Any]) -> [String: Any] {
            let common: [String: Any] = [
                "userId": "user-\(number)", "messageId": "\(number)-\(id)",
                "timestamp": "2026-03-02T10:00:0\(id.utf8.count % 10).000Z",
            ]
            return common.merging(fields) { $1 }
        }
        let person = event(
            "id",
            ["type": "identify", "traits": ["email": "customer-\(number)@example.com", "first_name": "Nr \(number)"]])
        let given = consents.map { topic in
            event(
                "yes-\(topic.prefix(1))",
                [
                    "type": "track", "event": "Consent Given",
                    "properties": ["topic": topic, "wording": "Yes", "address": "customer-\(number)@example.com"],
                ])
        }
        let order = event(
            "order-nr", ["type": "track", "event": "Order Completed", "properties": ["order_id": "o-\(number)"]])
        return [person] + given + [order]
    }

    /// A customer who was erased comes back just now, and buys again.
    public static func returning(_ number: Int) -> [[String: Any]] {
        let person: [String: Any] = [
            "type": "identify", "userId": "user-\(number)", "messageId": "\(number)-back-id",
            "traits": ["email": address(number), "first_name": "New \(number)"],
        ]
        let order: [String: Any] = [
            "type": "track", "event": "Order Completed", "userId": "user-\(number)",
            "messageId": "\(number)-back-order-nr", "properties": ["order_id": "o-\(number)-2"],
        ]
        return [person, order]
    }

    /// A customer leaves a basket behind: whoever takes offers then is reminded, once.
    public static func basket(_ number: Int) -> [String: Any] {
        [
            "type": "track", "event": "Basket Left", "userId": "user-\(number)", "messageId": "\(number)-basket",
            "timestamp": "2026-03-02T11:00:00.000Z",
        ]
    }

    /// The mails that a customer's events must lead to, by template, in their order.
    public static func mails(consents: [String]) -> [String] {
        consents.contains("offers") ? ["receipt", "offer"] : ["receipt"]
    }

    public static func address(_ number: Int) -> String { "customer-\(number)@example.com" }
}
