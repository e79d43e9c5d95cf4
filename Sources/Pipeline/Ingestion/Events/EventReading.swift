import Contracts
import Model
import Store

/// Turns a tracking item into an event, or says what is wrong with it.
struct EventReading {
    typealias Call = AcceptedEvent.Call

    let key: WriteKey
    let limits: EdgeLimits
    /// Of the batch, for items that carry none of their own.
    var shared = BatchEnvelope.none
    /// Names an event that came without an id.
    let freshID: () -> UniqueID

    /// - Parameter call: what the path says; nil where the item's `type` says it.
    func draft(_ item: TrackingItem, call: Call?) throws(ItemFault) -> DraftEvent {
        if let fault = item.fault { throw fault }
        guard item.size <= limits.event else {
            throw ItemFault(.tooLarge, "an event has at most \(limits.event) bytes", field: "")
        }
        let call = if let call { call } else { try Self.call(item) }
        let names = try Names(item, call: call, reading: self)
        if call == .identify { try checkAddress(item, .traitsEmail, "traits.email") }
        try checkAddress(item, .contextTraitsEmail, "context.traits.email")
        let name = try eventName(item, call: call)
        let (sentTime, occurrence) = try time(item)
        let id = try text(item, .messageID, "messageId")
        let context = try context(item)
        let event = AcceptedEvent(
            workspace: key.workspace, eventID: id ?? freshID().description, call: call,
            subject: .identity(names.subject), aliases: names.aliases, name: name, sentTime: sentTime,
            at: .distantPast, receivedAt: .distantPast, trust: key.trust,
            properties: try properties(item, call: call), context: context)
        return DraftEvent(event: event, occurrence: occurrence)
    }

    /// Contacts are found by their address: one that is longer than any would be stored nowhere.
    private func checkAddress(
        _ item: TrackingItem, _ field: TrackingItem.Field, _ label: String
    ) throws(ItemFault) {
        let value = item[field]
        if value.isMissing { return }
        guard let text = value.string else { throw ItemFault(.invalid, "is not a string", field: label) }
        guard text.utf8.count <= 254 else { throw ItemFault(.tooLarge, "has more than 254 bytes", field: label) }
    }

    static let empty = Array("{}".utf8)

    /// The item's own, else the batch's, which then counts towards the size of the item.
    private func context(_ item: TrackingItem) throws(ItemFault) -> [UInt8] {
        if let own = try Self.object(item, .context, "context") { return own }
        guard let shared = try shared.context() else { return Self.empty }
        guard item.size + shared.count <= limits.event else {
            throw ItemFault(
                .tooLarge, "with the batch's context the event has more than \(limits.event) bytes", field: "context")
        }
        return shared
    }

    private static func call(_ item: TrackingItem) throws(ItemFault) -> Call {
        switch item[.type].string {
        case "track": return .track
        case "identify": return .identify
        case "page": return .page
        case "screen": return .screen
        case "group": return .group
        case "alias": return .alias
        case nil: throw ItemFault(.missing, "the kind of call is missing", field: "type")
        default: throw ItemFault(.invalid, "is none of track, identify, page, screen, group, alias", field: "type")
        }
    }

    /// A string of the item, at most as long as a name may be; an integer counts as its digits. Nil where missing or
    /// empty.
    func text(_ item: TrackingItem, _ field: TrackingItem.Field, _ label: String) throws(ItemFault) -> String? {
        let value = item[field]
        if value.isMissing { return nil }
        let isInteger = value.kind == .number && value.text.allSatisfy { (48...57).contains($0) }
        guard let text = isInteger ? String(decoding: value.text, as: UTF8.self) : value.string else {
            throw ItemFault(.invalid, "is not a string", field: label)
        }
        guard text.utf8.count <= limits.name else {
            throw ItemFault(.tooLarge, "has more than \(limits.name) bytes", field: label)
        }
        return text.isEmpty ? nil : text
    }

    static func object(_ item: TrackingItem, _ field: TrackingItem.Field, _ label: String) throws(ItemFault) -> [UInt8]?
    {
        let value = item[field]
        if value.isMissing { return nil }
        guard value.kind == .object else { throw ItemFault(.invalid, "is not an object", field: label) }
        return Array(value.text)
    }
}
