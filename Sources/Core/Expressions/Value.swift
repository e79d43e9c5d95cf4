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
    /// Whole microseconds, and the nanoseconds beyond them, which only texts of CEL bring (0 to 999).
    case timestamp(Timestamp, nanos: Int16 = 0)
    case duration(Span, nanos: Int16 = 0)
    case list([Value])
    case map(MapValue)
    /// A type as a value: `int`, `google.protobuf.Timestamp`.
    case type(String)
    /// What `optional.of` and `?` make.
    case optional(OptionalValue)
    /// An address or a block of addresses.
    case network(NetworkValue)

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
        case .type: .type
        case .optional: .optional(.dyn)
        case .network(let network): .named(network.typeName, [])
        }
    }

    /// The name of the type in error messages.
    var typeName: String {
        switch self {
        case .list: "list"
        case .map: "map"
        case .optional: "optional"
        default: type.description
        }
    }

    /// What `type(…)` answers.
    var typeValue: String {
        switch self {
        case .null: "null_type"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .optional: "optional_type"
        default: typeName
        }
    }

    /// The value inside an optional; nil stands for none.
    static func optional(of value: Value?) -> Value { .optional(OptionalValue(value)) }
}

/// A value that may not be there.
public final class OptionalValue: Sendable, Equatable {
    /// nil is `optional.none()`.
    public let value: Value?

    init(_ value: Value?) { self.value = value }

    public static func == (left: OptionalValue, right: OptionalValue) -> Bool { left.value == right.value }
}
