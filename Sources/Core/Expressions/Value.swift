public import Model

/// A value of CEL.
///
/// Swift's `==` on it is structural and serves tests; CEL's own equality (across number types, never canonical
/// equivalence of text) is what expressions use.
public enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    case duration(Span)
    case list([Value])
    case map(MapValue)

    /// The value that JSON becomes; objects are not copied.
    public init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .list(elements.map { Value($0) })
        case .object(let members): self = .map(MapValue(members))
        }
    }

    /// The value if it is a bool.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value if it is a string.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The outermost type; what a list or map holds is not looked at.
    public var type: ValueType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestamp
        case .duration: .duration
        case .list: .list(.dyn)
        case .map: .map(key: .dyn, value: .dyn)
        }
    }

    /// The name of the type in error messages.
    var typeName: String {
        switch self {
        case .list: "list"
        case .map: "map"
        default: type.description
        }
    }
}

/// A map of CEL: a JSON object as it stands, or the entries of a literal.
public struct MapValue: Sendable, Equatable {
    enum Storage: Sendable, Equatable {
        case object([String: JSON])
        case entries([Entry])
    }

    struct Entry: Sendable, Equatable {
        var key: Value
        var value: Value
    }

    var storage: Storage

    public init(_ members: [String: JSON]) { storage = .object(members) }

    init(entries: [Entry]) { storage = .entries(entries) }

    /// The number of entries.
    public var count: Int {
        switch storage {
        case .object(let members): members.count
        case .entries(let entries): entries.count
        }
    }

    /// The value under a key, found by CEL's equality: `1`, `1u` and `1.0` are one key.
    public subscript(key: Value) -> Value? {
        switch storage {
        case .object(let members):
            if case .string(let name) = key { members[name].map { Value($0) } } else { nil }
        case .entries(let entries):
            entries.first { $0.key.isSameKey(as: key) }?.value
        }
    }

    func contains(field: String) -> Bool {
        switch storage {
        case .object(let members): members[field] != nil
        case .entries: self[.string(field)] != nil
        }
    }
}
