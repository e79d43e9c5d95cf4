import Contracts
import Model

extension EventReading {
    /// The sender's own timestamp, and when the event happened by it.
    ///
    /// Where the sender also told when it sent, the difference of the two is how old the event was, whatever its clock
    /// says.
    func time(_ item: TrackingItem) throws(ItemFault) -> (Timestamp?, DraftEvent.Occurrence) {
        var sent = try Self.timestamp(item, .sentAt, "sentAt")
        guard let stated = try Self.timestamp(item, .timestamp, "timestamp") else { return (nil, .onReceipt) }
        if sent == nil { sent = try shared.sentAt() }
        guard let sent else { return (stated, .stated(stated)) }
        let age = sent - stated
        guard (-Self.longestAge.microseconds...Self.longestAge.microseconds).contains(age.microseconds) else {
            throw ItemFault(.invalid, "lies centuries away from timestamp", field: "sentAt")
        }
        return (stated, .before(age))
    }

    /// Beyond it receipt less age would leave the years that can be stored.
    private static let longestAge = Span.days(365 * 500)

    static func timestamp(
        _ item: TrackingItem, _ field: TrackingItem.Field, _ label: String
    ) throws(ItemFault) -> Timestamp? {
        let value = item[field]
        if value.isMissing { return nil }
        guard let text = value.standing, let time = text.withBytes({ Timestamp(iso8601: $0) }) else {
            throw ItemFault(.invalid, "is not a time of ISO 8601 with its offset", field: label)
        }
        return time
    }

    /// The facts of the event as one object: what stands beside `properties` or `traits` in the call goes into it.
    func properties(_ item: TrackingItem, call: Call) throws(ItemFault) -> EventRecord.Text {
        switch call {
        case .track: return try Self.object(item, .properties, "properties") ?? .made(Self.empty)
        case .identify: return try Self.object(item, .traits, "traits") ?? .made(Self.empty)
        case .page, .screen:
            let object = try Self.object(item, .properties, "properties")
            return Self.adding([(item[.name], "name"), (item[.category], "category")], to: object)
        case .group:
            let object = try Self.object(item, .traits, "traits")
            guard try text(item, .groupID, "groupId") != nil else {
                throw ItemFault(.missing, "the group's id is missing", field: "groupId")
            }
            return Self.adding([(item[.groupID], "group_id")], to: object)
        case .alias: return Self.adding([(item[.previousID], "previous_id")], to: nil)
        }
    }

    /// An object with these members at its end, as far as they are given.
    private static func adding(
        _ members: [(value: JSONSlice, name: String)], to object: EventRecord.Text?
    ) -> EventRecord.Text {
        var bytes = object?.withBytes { Array($0) } ?? empty
        for (value, name) in members { add(value, as: name, to: &bytes) }
        return .made(bytes)
    }

    /// Adds a member at the end, where it outdoes one of the same name.
    static func add(_ value: JSONSlice, as name: String, to object: inout [UInt8]) {
        guard value.kind == .string || value.kind == .number else { return }
        let isEmpty = object.dropFirst().dropLast().allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        object.removeLast()
        object.append(contentsOf: "\(isEmpty ? "" : ",")\"\(name)\":".utf8)
        object.append(contentsOf: value.text)
        object.append(UInt8(ascii: "}"))
    }
}
