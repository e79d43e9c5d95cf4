import Contracts
import Model
import Store

extension EventReading {
    /// Who the event is about: the strongest name it carries, and the weaker ones that are the same person.
    struct Names {
        typealias Name = EventRecord.Name

        let subject: Name
        let aliases: [Name]

        init(_ item: TrackingItem, call: Call, reading: EventReading) throws(ItemFault) {
            let user = try reading.text(item, .userID, "userId").map { Name(.user, $0) }
            let anonymous = try reading.text(item, .anonymousID, "anonymousId").map { Name(.anonymous, $0) }
            let previous = call == .alias ? try reading.text(item, .previousID, "previousId") : nil
            let email = Self.email(item, call: call, reading: reading)
            guard let subject = user ?? anonymous ?? email else {
                throw ItemFault(.missing, "userId or anonymousId must be given", field: "userId")
            }
            if call == .alias, previous == nil {
                throw ItemFault(.missing, "the id that the contact had before is missing", field: "previousId")
            }
            self.subject = subject
            var aliases: [Name] = []
            if let anonymous { aliases.append(anonymous) }
            if let previous { aliases.append(Name(.anonymous, previous)) }
            if call == .identify, let email { aliases.append(email) }
            aliases.removeAll { $0 == subject }
            self.aliases = aliases
        }

        /// An address names somebody only where a server says so.
        private static func email(_ item: TrackingItem, call: Call, reading: EventReading) -> Name? {
            guard reading.key.trust == .server else { return nil }
            if call != .identify, let email = email(item, .propertiesEmail) { return email }
            return email(item, .traitsEmail) ?? email(item, .contextTraitsEmail)
        }

        private static func email(_ item: TrackingItem, _ field: TrackingItem.Field) -> Name? {
            guard let text = item[field].string, isAddress(text) else { return nil }
            // As an identity it is in lower case.
            return Name(Identity(.email, text))
        }

        /// As much of RFC 5321 as keeps nonsense out: something, an at sign, something with no white space.
        static func isAddress(_ text: String) -> Bool {
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
                && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        }
    }

    func eventName(_ item: TrackingItem, call: Call) throws(ItemFault) -> EventRecord.Text {
        switch call {
        case .identify: return EventRecord.Text(EventNames.identified)
        case .page: return EventRecord.Text(EventNames.pageViewed)
        case .screen: return EventRecord.Text(EventNames.screenViewed)
        case .group: return EventRecord.Text(EventNames.grouped)
        case .alias: return EventRecord.Text(EventNames.aliased)
        case .track: break
        }
        guard let name = try text(item, .event, "event") else {
            throw ItemFault(.missing, "the event's name is missing", field: "event")
        }
        try checkReserved(name, item)
        return name
    }

    private func checkReserved(_ name: EventRecord.Text, _ item: TrackingItem) throws(ItemFault) {
        let isConsent = name.withBytes { name in
            name.starts(with: "Consent ".utf8) && EventNames.consents.contains { name.elementsEqual($0.utf8) }
        }
        let isOfMail = name.withBytes { name in
            ["Email ", "Site Message ", "Postcard ", EventNames.entryRequests].contains { name.starts(with: $0.utf8) }
                || name.elementsEqual(EventNames.messageRequested.utf8)
        }
        let isOwn = name.withBytes { name in EventNames.own.contains { name.elementsEqual($0.utf8) } }
        if isOwn { throw ItemFault(.reserved, "is said by Loods alone", field: "event") }
        if key.trust == .publicKey, isConsent || isOfMail {
            throw ItemFault(.reserved, "takes a server's write key", field: "event")
        }
        guard isConsent else { return }
        // Read as scoring will read it: few events are consents, and those must not fail behind the edge.
        let object = try? Self.object(item, .properties, "properties")
        let properties = (try? JSON(parsing: object?.withBytes { Array($0) } ?? Self.empty)) ?? .null
        do throws(ConsentStatement.Fault) {
            _ = try ConsentStatement(properties)
            try ConsentStatement.checkProof(properties)
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
