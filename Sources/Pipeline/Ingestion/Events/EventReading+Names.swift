import Contracts
import Model
import Store

extension EventReading {
    /// Who the event is about: the strongest name it carries, and the weaker ones that are the same person.
    struct Names {
        let subject: Identity
        let aliases: [Identity]

        init(_ item: TrackingItem, call: Call, reading: EventReading) throws(ItemFault) {
            let user = try reading.text(item, .userID, "userId").map { Identity(.user, $0) }
            let anonymous = try reading.text(item, .anonymousID, "anonymousId").map { Identity(.anonymous, $0) }
            let previous = call == .alias ? try reading.text(item, .previousID, "previousId") : nil
            let email = Self.email(item, call: call, reading: reading)
            guard let subject = user ?? anonymous ?? email else {
                throw ItemFault(.missing, "userId or anonymousId must be given", field: "userId")
            }
            if call == .alias, previous == nil {
                throw ItemFault(.missing, "the id that the contact had before is missing", field: "previousId")
            }
            self.subject = subject
            let weaker = [
                anonymous, previous.map { Identity(.anonymous, $0) }, call == .identify ? email : nil,
            ]
            aliases = weaker.compactMap(\.self).filter { $0 != subject }
        }

        /// An address names somebody only where a server says so.
        private static func email(_ item: TrackingItem, call: Call, reading: EventReading) -> Identity? {
            guard reading.key.trust == .server else { return nil }
            let fields: [TrackingItem.Field] =
                call == .identify
                ? [.traitsEmail, .contextTraitsEmail]
                : [
                    .propertiesEmail, .traitsEmail, .contextTraitsEmail,
                ]
            return fields.lazy.compactMap { item[$0].string }.first(where: isAddress).map { Identity(.email, $0) }
        }

        /// As much of RFC 5321 as keeps nonsense out: something, an at sign, something with no white space.
        static func isAddress(_ text: String) -> Bool {
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
                && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        }
    }

    func eventName(_ item: TrackingItem, call: Call) throws(ItemFault) -> String {
        switch call {
        case .identify: return EventNames.identified
        case .page: return EventNames.pageViewed
        case .screen: return EventNames.screenViewed
        case .group: return EventNames.grouped
        case .alias: return EventNames.aliased
        case .track: break
        }
        guard let name = try text(item, .event, "event") else {
            throw ItemFault(.missing, "the event's name is missing", field: "event")
        }
        try checkReserved(name, item)
        return name
    }

    private func checkReserved(_ name: String, _ item: TrackingItem) throws(ItemFault) {
        let isConsent = name == EventNames.consentGiven || name == EventNames.consentWithdrawn
        if key.trust == .publicKey, isConsent || name.hasPrefix("Email ") {
            throw ItemFault(.reserved, "takes a server's write key", field: "event")
        }
        guard isConsent else { return }
        // Read as scoring will read it: few events are consents, and those must not fail behind the edge.
        let properties = (try? JSON(parsing: Self.object(item, .properties, "properties") ?? Self.empty)) ?? .null
        do throws(ConsentStatement.Fault) {
            _ = try ConsentStatement(properties)
        } catch {
            throw ItemFault(.init(error.kind), error.message, field: "properties.\(error.member)")
        }
    }
}

extension ItemFault.Code {
    fileprivate init(_ kind: ConsentStatement.Fault.Kind) {
        self =
            switch kind {
            case .missing: .missing
            case .invalid: .invalid
            case .tooLarge: .tooLarge
            }
    }
}
