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
        guard let text = value.string, let time = Timestamp(iso8601: text) else {
            throw ItemFault(.invalid, "is not a time of ISO 8601 with its offset", field: label)
        }
        return time
    }

    /// The facts of the event as one object: what stands beside `properties` or `traits` in the call goes into it.
    func properties(_ item: TrackingItem, call: Call) throws(ItemFault) -> [UInt8] {
        switch call {
        case .track: return try Self.object(item, .properties, "properties") ?? Self.empty
        case .identify: return try Self.object(item, .traits, "traits") ?? Self.empty
        case .page, .screen:
            var object = try Self.object(item, .properties, "properties") ?? Self.empty
            Self.add(item[.name], as: "name", to: &object)
            Self.add(item[.category], as: "category", to: &object)
            return object
        case .group:
            var object = try Self.object(item, .traits, "traits") ?? Self.empty
            guard try text(item, .groupID, "groupId") != nil else {
                throw ItemFault(.missing, "the group's id is missing", field: "groupId")
            }
            Self.add(item[.groupID], as: "group_id", to: &object)
            return object
        case .alias:
            var object = Self.empty
            Self.add(item[.previousID], as: "previous_id", to: &object)
            return object
        }
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
