import JourneyProgram
import Model
import Store

/// One line of `loods tail`.
struct TailLine: Sendable {
    private static let widths = (kind: 9, label: 28)

    var at: Timestamp
    var kind: String
    var label: String
    var words: String
    var facts: [String: JSON]

    init(_ event: EventTail.Entry) {
        at = event.receivedAt
        kind = "event"
        label = event.label ?? event.contact.description
        words = event.name + Self.brief(event.properties)
        facts = [
            "event_id": .string(event.eventID), "name": .string(event.name),
            "happened_at": .string(event.at.description),
            "contact": .string(event.contact.description), "properties": event.properties,
        ]
    }

    init(_ decision: DecisionTail.Entry) {
        at = decision.at
        kind = "decision"
        label = decision.label ?? decision.contact.contact.description
        words = Self.words(decision) + (decision.saw.map(Self.brief) ?? "")
        facts = [
            "decision_id": .string(decision.id.description), "decision": .string(decision.kind),
            "journey": decision.journey.map { .string($0) } ?? .null,
            "step": decision.step.map { .string($0) } ?? .null, "choice": .string(decision.choice),
            "contact": .string(decision.contact.contact.description), "saw": decision.saw ?? .null,
        ]
    }

    private static func words(_ decision: DecisionTail.Entry) -> String {
        let journey = decision.journey ?? ""
        switch decision.kind {
        case "entry" where decision.choice == Journey.turnCame: return "\(journey): its turn came"
        case "entry" where decision.choice == Journey.turnedAway: return "\(journey): turned away, its cap is full"
        case "entry" where decision.choice == Journey.passedOver: return "\(journey): passed over"
        case "entry": return "\(journey): enters"
        case "end": return "\(journey): leaves (\(decision.choice))"
        default: return "\(journey)/\(decision.step ?? ""): \(decision.choice)"
        }
    }

    /// For people: safe to give to a terminal, whatever somebody has sent.
    var text: String {
        let time = Console.dim(at.description)
        let padded = kind.padded(to: Self.widths.kind)
        let kind = kind == "decision" ? Console.bold(padded) : padded
        return "\(time)  \(kind)  \(Console.safe(label).padded(to: Self.widths.label))  \(Console.safe(words))"
    }

    var json: JSON {
        .object(
            facts.merging(["at": .string(at.description), "kind": .string(kind), "who": .string(label)]) { $1 })
    }

    /// What is in an object, as far as it fits on the line.
    private static func brief(_ value: JSON) -> String {
        guard case .object(let members) = value, !members.isEmpty else { return "" }
        let text = String(decoding: value.serialized, as: UTF8.self)
        return "  " + (text.count > 120 ? text.prefix(119) + "…" : text)
    }
}
