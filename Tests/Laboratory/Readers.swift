import Postgres
import TestSupport
import Testing

/// The links in a mail of the ``Shop`` that somebody got who agreed to be tracked.
public struct Reader: Sendable {
    public var customer: Int
    public var click: String
    public var pixel: String
    public var unsubscribe: String

    public var address: String { Shop.address(customer) }

    init?(customer: Int, _ mail: TestMailServer.Mail) {
        let text = mail.text.replacing("=\r\n", with: "").replacing("=3D", with: "=")
        guard let header = text.firstMatch(of: /List-Unsubscribe: <([^>]+)>/),
            let click = text.firstMatch(of: /http:[^\s"]+\/c\/[^\s"]+/),
            let pixel = text.firstMatch(of: /http:[^\s"]+\/o\/[^\s"]+/)
        else { return nil }
        self.customer = customer
        self.click = String(click.0)
        self.pixel = String(pixel.0)
        unsubscribe = String(header.1).replacing("\r\n ", with: "")
    }
}

extension Shop {
    /// What readers agreed to.
    public static let reading = ["offers", "tracking"]
    /// The event that starts the journey ``reminding``, some seconds after which a marketing mail goes out.
    public static let cartLeft = "Cart Left"

    /// The shop with a second journey: whoever leaves a cart is reminded of it.
    public static let reminding = files.merging([
        "journeys/reminder.yaml": """
        journey: reminder
        enter: {event: Cart Left, again: never}
        steps:
          - wait: 2s
          - email: reminder
        """,
        "emails/reminder/email.yaml": "subject: Your cart\ntopic: offers\n",
        "emails/reminder/body.txt.mustache": "https://shop.example/cart\nNo more of these: {{links.unsubscribe}}\n",
    ]) { $1 }

    /// A customer's cart is left.
    public static func cart(of customer: Int) -> [String: Any] {
        [
            "type": "track", "event": cartLeft, "userId": "user-\(customer)", "messageId": "\(customer)-cart",
            "timestamp": "2026-03-02T11:00:00.000Z",
        ]
    }
}

extension Cluster {
    /// Customers who ordered, got their mails, and have not yet read them; they are noted as expected.
    public nonisolated func readers(_ customers: Range<Int>, _ expected: inout Expected) async throws -> [Reader] {
        for customer in customers { expected.add(customer: customer, consents: Shop.reading) }
        try await post(customers.flatMap { Shop.customer($0, consents: Shop.reading) })
        return try await eventually("the first mails are there") {
            let offers = try mail.mails().filter { $0.subject == "Something for you" }
            let readers = customers.compactMap { customer in
                offers.first { $0.to == Shop.address(customer) }.flatMap { Reader(customer: customer, $0) }
            }
            return readers.count == customers.count ? readers : nil
        }
    }

    /// As `drain`, once the runs of as many carts have ended: until their timers are due the cluster seems to be at rest.
    public nonisolated func drain(
        carts: Int, expecting expected: Expected, within bound: Duration = .seconds(120)
    ) async throws -> Duration {
        let start = ContinuousClock.now
        try await eventually("the carts are seen to", within: bound) {
            try await count("select count(*) from runs where journey = 'reminder' and ended_at is not null") == carts
        }
        try await drain(expecting: expected, within: bound)
        return ContinuousClock.now - start
    }
}
