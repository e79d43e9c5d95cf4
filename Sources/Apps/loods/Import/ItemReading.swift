import Contracts
import Model

/// Turns a tracking call of an import into an event, by the rules that the edge has for a server's calls.
struct ItemReading: Sendable {
    /// Bytes of an id or a name, and of an event: the edge's own limits.
    private static let nameLimit = 255
    private static let eventLimit = 32_768

    /// Stands in the key of an event that gives no time, so that a second import of its row finds it there however late
    /// it comes; what happened when is `at`.
    private static let untimed = Timestamp(seconds: 0)

    let workspace: WorkspaceID
    let effect: AcceptedEvent.Effect
    /// When the import began: the events' receipt, and the time of those that give none.
    let receivedAt: Timestamp

    /// - Parameter id: names the event where the call gives no `messageId`.
    func event(_ item: JSON, id: String) throws(RecordFault) -> AcceptedEvent {
        guard item.object != nil else { throw RecordFault("it is not an object") }
        let call = try call(item)
        let (subject, aliases) = try names(item, call)
        let time = try timestamp(item)
        let own = try text(item, "messageId")
        let properties = try properties(item, call).serialized
        let context = (try object(item, "context") ?? .object([:])).serialized
        guard properties.count + context.count <= Self.eventLimit else {
            throw RecordFault("an event has at most \(Self.eventLimit) bytes")
        }
        return AcceptedEvent(
            workspace: workspace, eventID: own ?? (call == .track ? id : "\(id)-\(call)"), call: call,
            subject: .identity(subject), aliases: aliases, name: try name(item, call), sentTime: time ?? Self.untimed,
            at: time ?? receivedAt, receivedAt: receivedAt, trust: .server, effect: effect, properties: properties,
            context: context)
    }

    private func call(_ item: JSON) throws(RecordFault) -> AcceptedEvent.Call {
        guard let type = item["type"]?.string else { throw RecordFault("type: the kind of call is missing") }
        guard let call = AcceptedEvent.Call.allCases.first(where: { "\($0)" == type }) else {
            throw RecordFault("type: is none of track, identify, page, screen, group, alias")
        }
        return call
    }

    private func names(
        _ item: JSON, _ call: AcceptedEvent.Call
    ) throws(RecordFault) -> (subject: Identity, aliases: [Identity]) {
        let user = try text(item, "userId").map { Identity(.user, $0) }
        let anonymous = try text(item, "anonymousId").map { Identity(.anonymous, $0) }
        let previous = call == .alias ? try text(item, "previousId").map { Identity(.anonymous, $0) } : nil
        let email = email(item, call)
        guard let subject = user ?? anonymous ?? email else {
            throw RecordFault("userId, anonymousId or an e-mail must be given")
        }
        if call == .alias, previous == nil { throw RecordFault("previousId: is missing") }
        let weaker = [anonymous, previous, call == .identify ? email : nil].compactMap(\.self)
        return (subject, weaker.filter { $0 != subject })
    }

    private func email(_ item: JSON, _ call: AcceptedEvent.Call) -> Identity? {
        let places = call == .identify ? [item["traits"]] : [item["properties"], item["traits"]]
        let candidates = (places + [item["context"]?["traits"]]).compactMap { $0?["email"]?.string }
        return candidates.first(where: Self.isAddress).map { Identity(.email, $0) }
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return text.utf8.count <= 254 && parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    private func name(_ item: JSON, _ call: AcceptedEvent.Call) throws(RecordFault) -> String {
        switch call {
        case .identify: return EventNames.identified
        case .page: return EventNames.pageViewed
        case .screen: return EventNames.screenViewed
        case .group: return EventNames.grouped
        case .alias: return EventNames.aliased
        case .track: break
        }
        guard let name = try text(item, "event") else { throw RecordFault("event: the event's name is missing") }
        if EventNames.own.contains(name) { throw RecordFault("event: \"\(name)\" is said by Loods alone") }
        if EventNames.consents.contains(name) {
            do throws(ConsentStatement.Fault) {
                _ = try ConsentStatement(item["properties"] ?? .null)
                try ConsentStatement.checkProof(item["properties"] ?? .null)
            } catch {
                throw RecordFault("properties.\(error.member): \(error.message)")
            }
        }
        return name
    }

    private func timestamp(_ item: JSON) throws(RecordFault) -> Timestamp? {
        guard let value = item["timestamp"], value != .null else { return nil }
        guard let time = value.string.flatMap({ Timestamp(iso8601: $0) }) else {
            throw RecordFault("timestamp: is not a time of ISO 8601 with its offset")
        }
        return time
    }

    private func properties(_ item: JSON, _ call: AcceptedEvent.Call) throws(RecordFault) -> JSON {
        let source = call == .identify || call == .group ? "traits" : "properties"
        var members = call == .alias ? [:] : try object(item, source)?.object ?? [:]
        switch call {
        case .track, .identify: break
        case .page, .screen:
            for key in ["name", "category"] where item[key]?.string != nil { members[key] = item[key] }
        case .group:
            guard let group = try text(item, "groupId") else { throw RecordFault("groupId: is missing") }
            members["group_id"] = .string(group)
        case .alias: members["previous_id"] = item["previousId"]
        }
        return .object(members)
    }

    /// Text, at most as long as a name may be; a whole number counts as its digits. Nil where missing or empty.
    private func text(_ item: JSON, _ field: String) throws(RecordFault) -> String? {
        let text: String
        switch item[field] {
        case nil, .null?: return nil
        case .string(let value)?: text = value
        case .int(let value)? where value >= 0: text = String(value)
        default: throw RecordFault("\(field): is not a string")
        }
        guard text.utf8.count <= Self.nameLimit else {
            throw RecordFault("\(field): has more than \(Self.nameLimit) bytes")
        }
        return text.isEmpty ? nil : text
    }

    private func object(_ item: JSON, _ field: String) throws(RecordFault) -> JSON? {
        guard let value = item[field], value != .null else { return nil }
        guard value.object != nil else { throw RecordFault("\(field): is not an object") }
        return value
    }
}
