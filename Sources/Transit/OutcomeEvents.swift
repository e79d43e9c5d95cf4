public import Contracts
import Messaging
public import Model
public import Store

/// What came of messages, told to the rest of the cluster as events.
public enum OutcomeEvents {
    /// The event that tells what came of a message.
    public static func event(_ message: Message, _ name: String, now: Timestamp, detail: String?) -> AcceptedEvent {
        var properties: [String: JSON] = [
            "message_id": .string(message.id.description), "journey": .string(message.journey),
            "step": .string(message.step), "template": .string(message.template),
        ]
        if let topic = message.topic { properties["topic"] = .string(topic) }
        if let detail { properties["detail"] = .string(detail) }
        return AcceptedEvent(
            workspace: message.contact.workspace,
            eventID: UniqueID.derived("loods.outcome", message.id.description, name).description, call: .track,
            subject: .id(message.contact.contact), name: name, sentTime: now, at: now, receivedAt: now, trust: .system,
            properties: JSON.object(properties).serialized)
    }

    /// The outbox rows that carry events, in bodies of bounded size.
    public static func rows(_ events: [AcceptedEvent]) -> [Outbox.Row] {
        stride(from: 0, to: events.count, by: 250).map { start in
            let batch = EventBatch(id: .random(), events: Array(events[start..<min(start + 250, events.count)]))
            return Outbox.Row(
                id: batch.id, queue: QueueName.events.rawValue, lane: Lane.live.rawValue, body: batch.encoded)
        }
    }
}
