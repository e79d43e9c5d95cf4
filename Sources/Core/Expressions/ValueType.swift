/// A type of CEL, as the checker sees it.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    /// Known only when the expression runs.
    case dyn
    /// Like `dyn`, and from JSON: its numbers are of one kind, whether they are written `10` or `10.0`.
    case json
    /// Nothing decides it: the elements of `[]`. Beside any type it is that type.
    case free
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case list(ValueType)
    case map(key: ValueType, value: ValueType)
    /// The type of types.
    case type
    case optional(ValueType)
    /// A type known by name only: an address, or what a declaration brings.
    case named(String, [ValueType])

    public var description: String {
        switch self {
        case .dyn, .json, .free: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .type: "type"
        case .optional(let value): "optional(\(value))"
        case .named(let name, let parameters):
            parameters.isEmpty ? name : "\(name)(\(parameters.map(\.description).joined(separator: ", ")))"
        }
    }

    var isNumeric: Bool { self == .int || self == .uint || self == .double }

    /// Whether the type is known only when the expression runs.
    var isDynamic: Bool { self == .dyn || self == .json || self == .free }

    /// Whether a value of one type can equal a value of the other: the same type, two numbers, or something dynamic;
    /// and any optional value can be compared with null.
    func isComparable(with other: ValueType) -> Bool {
        if isDynamic || other.isDynamic || isNumeric && other.isNumeric { return true }
        return agrees(with: other) { $0.isComparable(with: $1) }
    }

    /// Whether a value of this type may stand where `expected` is asked for.
    func fits(_ expected: ValueType) -> Bool {
        if isDynamic || expected.isDynamic { return true }
        return agrees(with: expected) { $0.fits($1) }
    }

    private func agrees(with other: ValueType, _ parts: (ValueType, ValueType) -> Bool) -> Bool {
        switch (self, other) {
        case (.list(let left), .list(let right)), (.optional(let left), .optional(let right)): parts(left, right)
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            parts(leftKey, rightKey) && parts(leftValue, rightValue)
        case (.named(let left, let leftParts), .named(let right, let rightParts)):
            left == right && leftParts.count == rightParts.count && zip(leftParts, rightParts).allSatisfy(parts)
        default: self == other
        }
    }

    /// The type of what is of one type or the other: one that both are, else `dyn`.
    func joined(with other: ValueType) -> ValueType {
        if self == other || other == .free { return self }
        if self == .free { return other }
        switch (self, other) {
        case (.json, _), (_, .json): return .json
        case (.list(let left), .list(let right)): return .list(left.joined(with: right))
        case (.optional(let left), .optional(let right)): return .optional(left.joined(with: right))
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            return .map(key: leftKey.joined(with: rightKey), value: leftValue.joined(with: rightValue))
        case (.named(let left, let leftParts), .named(let right, let rightParts))
        where left == right && leftParts.count == rightParts.count:
            return .named(left, zip(leftParts, rightParts).map { $0.joined(with: $1) })
        default: return .dyn
        }
    }

    /// The type as an expression's own: what nothing decided is `dyn`.
    var settled: ValueType {
        switch self {
        case .free, .json: .dyn
        case .list(let element): .list(element.settled)
        case .optional(let value): .optional(value.settled)
        case .map(let key, let value): .map(key: key.settled, value: value.settled)
        case .named(let name, let parts): .named(name, parts.map(\.settled))
        default: self
        }
    }
}
