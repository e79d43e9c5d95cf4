/// A type of CEL, as the checker sees it.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    /// Known only when the expression runs: whatever comes from JSON.
    case dyn
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

    public var description: String {
        switch self {
        case .dyn: "dyn"
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
        }
    }

    var isNumeric: Bool { self == .int || self == .uint || self == .double }

    /// Whether a value of one type can equal a value of the other: the same type, two numbers, or something dynamic.
    func isComparable(with other: ValueType) -> Bool {
        switch (self, other) {
        case (.dyn, _), (_, .dyn): true
        case (.list(let left), .list(let right)): left.isComparable(with: right)
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            leftKey.isComparable(with: rightKey) && leftValue.isComparable(with: rightValue)
        default: self == other || isNumeric && other.isNumeric
        }
    }

    /// Whether a value of this type may stand where `expected` is asked for.
    func fits(_ expected: ValueType) -> Bool {
        switch (self, expected) {
        case (.dyn, _), (_, .dyn): true
        case (.list(let left), .list(let right)): left.fits(right)
        case (.map(let leftKey, let leftValue), .map(let rightKey, let rightValue)):
            leftKey.fits(rightKey) && leftValue.fits(rightValue)
        default: self == expected
        }
    }
}
