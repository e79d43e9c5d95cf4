import Contracts
import Model

extension Bench {
    /// An event of a contact, `minute` minutes after the start.
    func event(
        _ name: String, _ id: String, of kind: Identity.Kind = .user, _ value: String = "anne", minute: Int64 = 0,
        aliases: [Identity] = [], trust: AcceptedEvent.Trust = .server, effect: AcceptedEvent.Effect = .live,
        call: AcceptedEvent.Call = .track, _ properties: JSON = .object([:]), timed: Bool = true
    ) -> AcceptedEvent {
        let at = Self.start + .minutes(minute)
        return AcceptedEvent(
            workspace: workspace, eventID: id, call: call, subject: .identity(Identity(kind, value)), aliases: aliases,
            name: name, sentTime: timed ? at : nil, at: at, receivedAt: at, trust: trust, effect: effect,
            properties: properties.serialized)
    }

    /// An identify call that says something of a contact.
    func identify(
        _ id: String, of kind: Identity.Kind = .user, _ value: String = "anne", minute: Int64 = 0,
        aliases: [Identity] = [], trust: AcceptedEvent.Trust = .server, traits: [String: JSON] = [:]
    ) -> AcceptedEvent {
        event(
            EventNames.identified, id, of: kind, value, minute: minute, aliases: aliases, trust: trust, call: .identify,
            .object(traits))
    }

    func consent(
        _ id: String, of value: String = "anne", to topic: String = "offers", at address: String? = nil,
        minute: Int64 = 0, trust: AcceptedEvent.Trust = .server, name: String = EventNames.consentGiven
    ) -> AcceptedEvent {
        var properties: [String: JSON] = ["topic": .string(topic)]
        if let address { properties["address"] = .string(address) }
        return event(name, id, of: .user, value, minute: minute, trust: trust, .object(properties))
    }

    func withdrawal(
        _ id: String, of value: String = "anne", at address: String? = nil, minute: Int64 = 0
    ) -> AcceptedEvent {
        consent(id, of: value, at: address, minute: minute, name: EventNames.consentWithdrawn)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .int(value) }
}
