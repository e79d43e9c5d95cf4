import Expressions
import Foundation
import Laboratory
import Model
import Testing
import TestSupport
import Workspaces

/// A year of invoices of a real shop, and what `retail.py` plans by them.
struct RetailFile: Decodable, Sendable {
    /// `12346`, `541431`, `Order Completed`, an instant, and pence.
    struct Order: Decodable, Sendable {
        var customer: String
        var number: String
        var kind: String
        var time: String
        var pence: Int64

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            customer = try values.decode(String.self)
            number = try values.decode(String.self)
            kind = try values.decode(String.self)
            time = try values.decode(String.self)
            pence = try values.decode(Int64.self)
        }
    }

    var orders: [Order]
    /// Each a customer, a template and an instant.
    var planned: [[String]]

    static let end = Timestamp(iso8601: "2012-03-01T00:00:00Z")!
    /// Before the first order.
    static let start = Timestamp(iso8601: "2010-12-01T08:00:00Z")!

    static var path: String? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let path = folder + "/online-retail/online_retail.csv.gz"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    static var hasPython: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/python3")
        }
    }

    static func read() async throws -> RetailFile {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("retail.py")
        let result = try await SystemProgram.run(
            "python3", script.path, try #require(path), end.description, seconds: 60)
        try #require(result.status == 0, "\(result.text)")
        return try JSONDecoder().decode(RetailFile.self, from: Data(result.output))
    }

    /// The customers with what they did, in the order of their numbers. Every second one subscribes to offers.
    func customers() throws -> [TestedContact] {
        try Dictionary(grouping: orders, by: \.customer).sorted { $0.key < $1.key }.map { customer, orders in
            let contact = PlayedContact(
                name: customer, attributes: ["email": .string("retail-\(customer)@example.com")],
                consents: try #require(Int(customer)) % 2 == 0 ? ["offers"] : [])
            let events = try orders.map { order in
                PlayedEvent(
                    HistoryEvent(
                        at: try #require(Timestamp(iso8601: order.time)), eventID: order.number, name: order.kind,
                        properties: .object(["order": .string(order.number), "pence": .int(order.pence)])))
            }
            return TestedContact(contact: contact, events: events)
        }
    }

    // MARK: The shop

    static let templates = [
        "first-thanks", "first-tips", "first-offer", "second-thanks", "second-regular", "second-review",
        "silence-hello", "silence-last", "cancelled-sorry", "cancelled-call",
    ]
    private static let owed: Set<String> = ["first-thanks", "second-thanks", "cancelled-sorry", "cancelled-call"]

    static let workspace: [String: String] = [
        "workspace.yaml": """
        workspace: retail
        time_zone: Europe/London
        sender: {name: The Gift Shop, address: hello@gifts.example}
        address: The Gift Shop, High Street 1, London
        topics: [{topic: offers, wording: Send me offers}]
        """,
        "segments/silent.yaml":
            "segment: silent\nwhen: did(\"Order Completed\") && !did(\"Order Completed\", \"30d\")\n",
        "journeys/first-order.yaml": """
        journey: first-order
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        goal: {when: 'run.did("Order Completed")'}
        steps:
          - email: first-thanks
          - wait: 2d
          - wait: {until: "09:00"}
          - email: first-tips
          - wait: 5d
          - email: first-offer
        """,
        "journeys/second-order.yaml": """
        journey: second-order
        enter: {event: Order Completed, when: 'count("Order Completed") == 2', again: never}
        exit: {when: 'run.did("Order Cancelled")'}
        steps:
          - email: second-thanks
          - wait_for: {event: Order Completed, when: event.properties.pence > 10000, at_most: 21d}
            then: [{email: second-regular}]
            else: [{wait: {until: "10:00", days: workdays}}, {email: second-review}]
        """,
        "journeys/30-day-silence.yaml": """
        journey: 30-day-silence
        enter: {segment: silent, again: per-entry}
        goal: {when: 'run.did("Order Completed")'}
        steps:
          - wait: {until: "18:30"}
          - email: silence-hello
          - wait: 10d
          - email: silence-last
        """,
        "journeys/cancelled-order.yaml": """
        journey: cancelled-order
        enter: {event: Order Cancelled, again: per-key, key: event.properties.order}
        steps:
          - wait: 1h
          - if: count("Order Cancelled", "90d") > 2
            then: [{email: cancelled-call}]
            else: [{email: cancelled-sorry}]
        """,
    ].merging(
        templates.flatMap { name in
            let (ground, body) =
                owed.contains(name)
                ? ("class: transactional", "Thank you.\n")
                : ("topic: offers", "{{workspace.address}}\n{{links.unsubscribe}}\n")
            return [
                ("emails/\(name)/email.yaml", "subject: \(name)\n\(ground)\n"),
                ("emails/\(name)/body.txt.mustache", body),
            ]
        }
    ) { $1 }
}
