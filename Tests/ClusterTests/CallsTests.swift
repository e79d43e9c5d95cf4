import Laboratory
import Model
import Postgres
import Synchronization
import TestSupport
import Testing

/// What journeys tell others than the contact, by real services.
@Suite struct CallsTests {
    private static func files(_ sink: HTTPSink) -> [String: String] {
        Shop.files.merging([
            "workspace.yaml": Shop.files["workspace.yaml"]! + """

                webhooks: [{webhook: crm, url: "http://localhost:\(sink.port)/orders"}]
                notify: [{notify: sales, email: sales@shop.example}]
                """,
            "journeys/first.yaml": """
            journey: first
            enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
            steps:
              - webhook: crm
                data: {order: "{{event.properties.order_id}}"}
              - {if: '!answers["webhook-crm"].body.known', then: [end]}
              - {notify: sales, text: "{{contact.email}} has ordered"}
            """,
        ]) { $1 }
    }

    /// Whether the receiver answers.
    private final class Receiver: Sendable {
        let answers = Atomic(false)
    }

    /// The mailer is killed while requests are under way: each arrives, and those that arrive twice are known by their ids.
    @Test(.timeLimit(.minutes(10)))
    func everyCallArrivesThoughItsMailerDies() async throws {
        let people = 12
        // Nobody is answered before, lest a mail to the team be under way and unknown.
        let receiver = Receiver()
        try await HTTPSink.with({ _, _ in
            receiver.answers.load(ordering: .acquiring) ? .init(200, body: #"{"known": true}"#) : nil
        }) { sink in
            let settings: Cluster.Settings = [
                "mailer": ["LOODS_WEBHOOK_ALLOW": "localhost:\(sink.port)", "LOODS_CLAIM_LEASE": "2s"]
            ]
            try await Cluster.with(settings: settings, workspace: Self.files(sink)) { cluster in
                for number in 1...people { try await cluster.post(Shop.customer(number, consents: [])) }
                try await eventually("requests are under way") { sink.requests.count >= 3 }
                try await cluster.kill("mailer")
                receiver.answers.store(true, ordering: .releasing)
                try await cluster.start("mailer")
                try await eventually("the team has heard of everybody") {
                    try cluster.mail.mails().count == people
                }
                #expect(try cluster.mail.mails().allSatisfy { $0.to == "sales@shop.example" })
                let orders = try Dictionary(grouping: sink.requests) { $0.headers["webhook-id"] ?? "" }
                    .mapValues { requests in
                        try Set(requests.map { try JSON(parsing: Array($0.body.utf8))["data"]?["order"]?.string })
                    }
                #expect(orders.count == people)
                #expect(Set(orders.values) == Set((1...people).map { ["o-\($0)"] }))
                try await eventually("each is recorded") {
                    try await cluster.count("select count(*) from events where name = 'Webhook Delivered'") == people
                }
                let told = try await cluster.loods("explain", "customer-1@example.com")
                #expect(told.contains("webhook crm") && told.contains("sent for localhost, accepted: 200"), "\(told)")
                let secret = try await cluster.loods("webhooks", "secret", "crm")
                #expect(secret.hasPrefix("whsec_"))
            }
        }
    }
}
