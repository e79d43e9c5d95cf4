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
    /// What completes the context; nil leaves it as it came.
    var clients: ClientFacts?
    /// Who sent the request.
    var client = RequestClient.unknown
    /// Names an event that came without an id.
    let freshID: () -> UniqueID

    /// - Parameter call: what the path says; nil where the item's `type` says it.
    /// - Returns: the event, which stands in the item's text, and when it happened.
    func record(_ item: TrackingItem, call: Call?) throws(ItemFault) -> (EventRecord, DraftEvent.Occurrence) {
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
        if let id { try checkReserved(id: id) }
        let context = try context(item)
        let event = EventRecord(
            workspace: key.workspace, eventID: id ?? EventRecord.Text(freshID().description), call: call,
            subject: .name(names.subject), aliases: names.aliases, name: name, sentTime: sentTime, trust: key.trust,
            properties: try properties(item, call: call), context: context)
        return (event, occurrence)
    }

    /// Nobody comes before a server's request by taking its id.
    private func checkReserved(id: EventRecord.Text) throws(ItemFault) {
        guard key.trust == .publicKey else { return }
        let isTaken = id.withBytes { bytes in
            ServerRequest.Kind.allCases.contains { bytes.starts(with: $0.idPrefix.utf8) }
        }
        if isTaken { throw ItemFault(.reserved, "begins like the ids of servers' requests", field: "messageId") }
    }

    /// Contacts are found by their address: one that is longer than any would be stored nowhere.
    private func checkAddress(
        _ item: TrackingItem, _ field: TrackingItem.Field, _ label: String
    ) throws(ItemFault) {
        let value = item[field]
        if value.isMissing { return }
        guard let text = value.standing else { throw ItemFault(.invalid, "is not a string", field: label) }
        guard text.count <= 254 else { throw ItemFault(.tooLarge, "has more than 254 bytes", field: label) }
    }

    static let empty = Array("{}".utf8)

    private static let calls: [(name: [UInt8], call: Call)] = [
        ("track", Call.track), ("identify", .identify), ("page", .page), ("screen", .screen), ("group", .group),
        ("alias", .alias),
    ].map { (Array($0.utf8), $1) }

    private static func call(_ item: TrackingItem) throws(ItemFault) -> Call {
        guard let type = item[.type].standing else {
            throw ItemFault(.missing, "the kind of call is missing", field: "type")
        }
        guard let known = type.withBytes({ type in calls.first { type.elementsEqual($0.name) } }) else {
            throw ItemFault(.invalid, "is none of track, identify, page, screen, group, alias", field: "type")
        }
        return known.call
    }

    /// A string of the item, at most as long as a name may be; an integer counts as its digits. Nil where missing or
    /// empty.
    func text(
        _ item: TrackingItem, _ field: TrackingItem.Field, _ label: String
    ) throws(ItemFault) -> EventRecord.Text? {
        let value = item[field]
        if value.isMissing { return nil }
        let standing = value.kind == .number ? Self.digits(of: value).map { EventRecord.Text($0) } : value.standing
        guard let text = standing else { throw ItemFault(.invalid, "is not a string", field: label) }
        guard text.count <= limits.name else {
            throw ItemFault(.tooLarge, "has more than \(limits.name) bytes", field: label)
        }
        return text.count == 0 ? nil : text
    }

    /// The digits of a whole number, which some write as `25.0` or `1e+16`; nil for another.
    private static func digits(of value: JSONSlice) -> String? {
        if value.text.allSatisfy({ (48...57).contains($0) }) { return String(decoding: value.text, as: UTF8.self) }
        let parts = String(decoding: value.text, as: UTF8.self).split { $0 == "e" || $0 == "E" }
        guard let mantissa = parts.first?.split(separator: ".", omittingEmptySubsequences: false),
            mantissa[0].utf8.first != UInt8(ascii: "-"), let exponent = parts.count > 1 ? Int(parts[1]) : 0,
            abs(exponent) <= 400
        else { return nil }
        var digits = mantissa.joined()
        let point = mantissa[0].utf8.count + exponent
        while digits.utf8.count < point { digits += "0" }
        guard digits.utf8.dropFirst(max(0, point)).allSatisfy({ $0 == UInt8(ascii: "0") }), point >= 0 else {
            return nil
        }
        let whole = digits.prefix(point).drop { $0 == "0" }
        return whole.isEmpty ? "0" : String(whole)
    }

    static func object(
        _ item: TrackingItem, _ field: TrackingItem.Field, _ label: String
    ) throws(ItemFault) -> EventRecord.Text? {
        let value = item[field]
        if value.isMissing { return nil }
        guard value.kind == .object else { throw ItemFault(.invalid, "is not an object", field: label) }
        return .standing(value.text)
    }
}
