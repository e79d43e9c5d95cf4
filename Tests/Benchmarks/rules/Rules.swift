import Expressions
import Model

/// The five rules, and the contacts and events that they are asked of. The peer's program gets both from here.
enum Rules {
    static let named: [(name: String, source: String)] = [
        (
            "attributes",
            "contact.plan == 'pro' && contact.seats >= 10 && contact.country != 'US'"
        ),
        (
            "order",
            "event.name == 'Order Completed' && event.properties.revenue > 100.0 && event.properties.currency in ['EUR', 'USD']"
        ),
        ("page", "event.properties.path.startsWith('/pricing') || event.properties.path.endsWith('/install')"),
        ("company", "has(contact.company) && contact.company.size > 50 || contact.title.contains('CEO')"),
        ("tags", "contact.tags.exists(t, t.startsWith('vip'))"),
    ]

    static let worldCount = 64

    /// Each rule is true of some and false of others.
    static func world(_ number: Int) -> (contact: JSON, event: JSON) {
        let plans = ["free", "pro", "team", "pro"]
        let countries = ["NL", "US", "DE", "FR", "BE"]
        let titles = ["Head of Sales", "CEO and founder", "Developer"]
        var contact: [String: JSON] = [
            "plan": .string(plans[number % 4]), "seats": .int(Int64(number % 23)),
            "country": .string(countries[number % 5]), "title": .string(titles[number % 3]),
            "email": .string("person-\(number)@shop.example"), "firstName": .string("Anne"),
            "language": .string("nl"), "newsletter": .bool(number % 2 == 0),
            "tags": .array(["news", "webinar-2025", number % 3 == 0 ? "vip-2026" : "trial"].map { .string($0) }),
        ]
        if number % 4 != 1 {
            contact["company"] = .object(["name": .string("Acme \(number)"), "size": .int(Int64(number * 3))])
        }
        let event: [String: JSON] = [
            "name": .string(number % 3 == 0 ? "Page Viewed" : "Order Completed"),
            "properties": .object([
                "revenue": .double(Double(number) * 4.25 + 0.5), "currency": .string(number % 7 == 0 ? "GBP" : "EUR"),
                "path": .string(["/pricing/teams", "/docs/install", "/blog"][number % 3]),
                "order_id": .string("o-\(number)"),
            ]),
        ]
        return (.object(contact), .object(event))
    }
}

/// A world laid out beforehand, as a rule among many finds it.
final class PreparedWorld: EvaluationContext {
    let contact: JSON
    let event: JSON?
    let contactValue: Value
    let eventValue: Value?
    let history = History()

    init(_ number: Int) {
        let (contact, event) = Rules.world(number)
        self.contact = contact
        self.event = event
        contactValue = .map(MapValue(Record(contact)))
        eventValue = .map(MapValue(Record(event)))
    }

    var now: Timestamp { Timestamp(seconds: 1_772_452_800) }
    var stage: String? { "Think" }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}

/// The same world as JSON, as a rule that stands alone finds it.
final class JSONWorld: EvaluationContext {
    let contact: JSON
    let event: JSON?
    let history = History()

    init(_ number: Int) {
        let (contact, event) = Rules.world(number)
        self.contact = contact
        self.event = event
    }

    var now: Timestamp { Timestamp(seconds: 1_772_452_800) }
    var stage: String? { "Think" }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}
