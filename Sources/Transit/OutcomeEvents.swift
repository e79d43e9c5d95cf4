public import Contracts
import Messaging
public import Model
public import Store

/// What came of messages, told to the rest of the cluster as events.
public enum OutcomeEvents {
    /// The event that tells what came of a message.
    /// An event that tells something of a message, once.
    public static func event(
        _ message: Message, _ name: String, now: Timestamp, detail: String?, _ failure: Claims.Failure?
    ) -> AcceptedEvent {
        var properties: [String: JSON] = [
            "message_id": .string(message.id.description), "journey": .string(message.journey),
            "step": .string(message.step), "template": .string(message.template),
        ]
        if let topic = message.topic { properties["topic"] = .string(topic) }
        if let detail { properties["detail"] = .string(detail) }
        if let failure { properties["class"] = .string(failure.kind) }
        if let status = failure?.status { properties["status"] = .string(status) }
        return AcceptedEvent(
            workspace: message.contact.workspace,
            eventID: UniqueID.derived("loods.outcome", message.id.description, name).description, call: .track,
            subject: .id(message.contact.contact), name: name, sentTime: now, at: now, receivedAt: now, trust: .system,
            properties: JSON.object(properties).serialized)
    }

    /// The event that tells that a message has ended so; nil where none does.
    ///
    /// - Parameter failure: why a mail server did not take it: `class` and `status` in its properties.
    public static func event(
        _ message: Message, _ state: Message.State, now: Timestamp, detail: String?, failure: Claims.Failure? = nil
    ) -> AcceptedEvent? {
        name(of: state, message.channel).map { event(message, $0, now: now, detail: detail, failure) }
    }

    /// The events that tell that an address gets no mail from now on, one for each contact who gets mail there.
    public static func events(_ order: FailedAddresses.Suppressed, now: Timestamp) -> [AcceptedEvent] {
        let properties = JSON.object([
            "reason": .string(order.reason), "address": .string(order.address),
            "message_id": .string(order.message.description), "detail": order.words.map { .string($0) } ?? .null,
        ])
        return order.contacts.map { contact in
            AcceptedEvent(
                workspace: contact.workspace,
                eventID: UniqueID.derived("loods.suppressed", order.address, order.reason).description, call: .track,
                subject: .id(contact.contact), name: EventNames.addressSuppressed, sentTime: now, at: now,
                receivedAt: now, trust: .system, properties: properties.serialized)
        }
    }

    /// The event that tells of the end of a message; nil for what is no end, and for what nobody did anything to.
    private static func name(of state: Message.State, _ channel: Message.Channel) -> String? {
        switch (channel, state) {
        case (.email, .accepted): EventNames.emailSent
        case (.email, .refused): EventNames.emailRefused
        case (.email, .skipped), (.email, .expired): EventNames.emailSkipped
        case (.email, .unknown): EventNames.emailUnknown
        case (.webhook, .accepted): EventNames.webhookDelivered
        case (.webhook, .refused), (.webhook, .skipped), (.webhook, .expired), (.webhook, .unknown):
            EventNames.webhookFailed
        case (.notify, .accepted): EventNames.teamNotified
        case (.notify, .refused), (.notify, .skipped), (.notify, .expired), (.notify, .unknown):
            EventNames.notificationFailed
        case (.postcard, .accepted): EventNames.postcardSent
        case (.postcard, .skipped), (.postcard, .expired): EventNames.postcardSkipped
        case (.postcard, .refused), (.postcard, .unknown): EventNames.postcardFailed
        // What is shown, and clicked, the site reports.
        case (.site, .accepted), (.site, .refused), (.site, .skipped), (.site, .expired), (.site, .unknown): nil
        case (_, .planned), (_, .claimed), (_, .handed), (_, .withdrawn): nil
        }
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
