public import Model

extension Value {
    /// The value as JSON, for showing it: text where JSON has no such value, and cut where it would become very long.
    public var json: JSON {
        var left = 10_000
        return json(&left)
    }

    private func json(_ left: inout Int) -> JSON {
        left -= 1
        guard left > 0 else { return .string("…") }
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .uint(let value): return Int64(exactly: value).map { .int($0) } ?? .string(String(value))
        case .double(let value): return value.isFinite ? .double(value) : .string(value.celText)
        case .string(let value): return .string(value)
        case .timestamp, .duration, .type, .network: return .string(text ?? "")
        case .bytes: return .string(description)
        case .optional(let optional): return optional.value?.json(&left) ?? .null
        case .list(let elements):
            var list: [JSON] = []
            for element in elements where left > 0 { list.append(element.json(&left)) }
            return .array(list)
        case .map(let map):
            var members: [String: JSON] = [:]
            for entry in map.entries where left > 0 { members[entry.key.text ?? "?"] = entry.value.json(&left) }
            return .object(members)
        }
    }
}
