import Model

/// CEL's equality and order (language definition, "Equality" and "Ordering").
extension Value {
    /// Numbers of all types compare by what they are; values of different types are unequal, never an error.
    func equals(_ other: Value, _ budget: inout StepBudget) throws(Fault) -> Bool {
        try budget.spend(1)
        switch (self, other) {
        case (.list(let left), .list(let right)):
            guard left.count == right.count else { return false }
            for (leftElement, rightElement) in zip(left, right) {
                guard try leftElement.equals(rightElement, &budget) else { return false }
            }
            return true
        case (.map(let left), .map(let right)): return try left.equals(right, &budget)
        default: return isSameKey(as: other)
        }
    }

    /// Equality of all but lists and maps.
    func isSameKey(as other: Value) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameScalars(as: right)
        case (.bytes(let left), .bytes(let right)): left == right
        case (.timestamp(let left), .timestamp(let right)): left == right
        case (.duration(let left), .duration(let right)): left == right
        default: Number(self).flatMap { left in Number(other).map { left.order(to: $0) == .same } } ?? false
        }
    }

    /// nil when a NaN is involved, which has no place in the order.
    func order(to other: Value) throws(Fault) -> Order? {
        switch (self, other) {
        case (.bool(let left), .bool(let right)): Order(left ? 1 : 0, right ? 1 : 0)
        case (.string(let left), .string(let right)): Order(lexicographic: left.utf8, right.utf8)
        case (.bytes(let left), .bytes(let right)): Order(lexicographic: left, right)
        case (.timestamp(let left), .timestamp(let right)): Order(left, right)
        case (.duration(let left), .duration(let right)): Order(left, right)
        default: try numericOrder(to: other)
        }
    }

    private func numericOrder(to other: Value) throws(Fault) -> Order? {
        guard let left = Number(self), let right = Number(other) else {
            throw Fault(.noSuchOverload, "\(typeName) and \(other.typeName) have no order")
        }
        return left.order(to: right)
    }
}

enum Order: Sendable {
    case before, same, after

    init<T: Comparable>(_ left: T, _ right: T) { self = left < right ? .before : left == right ? .same : .after }

    /// Order of texts by code point, which is that of their UTF-8.
    init<T: Collection<UInt8>>(lexicographic left: T, _ right: T) {
        self =
            left.lexicographicallyPrecedes(right) ? .before : right.lexicographicallyPrecedes(left) ? .after : .same
    }
}

/// A number of any of the three types, compared without rounding.
private enum Number {
    case int(Int64)
    case uint(UInt64)
    case double(Double)

    init?(_ value: Value) {
        switch value {
        case .int(let number): self = .int(number)
        case .uint(let number): self = .uint(number)
        case .double(let number): self = .double(number)
        default: return nil
        }
    }

    func order(to other: Number) -> Order? {
        // The standard library compares integers of different types, and integers with doubles, exactly.
        switch (self, other) {
        case (.int(let left), .int(let right)): Order(left, right)
        case (.uint(let left), .uint(let right)): Order(left, right)
        case (.double(let left), .double(let right)): left.isNaN || right.isNaN ? nil : Order(left, right)
        case (.int(let left), .uint(let right)): left < right ? .before : left == right ? .same : .after
        case (.uint(let left), .int(let right)): left < right ? .before : left == right ? .same : .after
        case (.int(let left), .double(let right)): Self.order(left, right)
        case (.uint(let left), .double(let right)): Self.order(left, right)
        case (.double(let left), .int(let right)): Self.order(right, left)?.reversed
        case (.double(let left), .uint(let right)): Self.order(right, left)?.reversed
        }
    }

    private static func order<I: FixedWidthInteger>(_ left: I, _ right: Double) -> Order? {
        guard !right.isNaN else { return nil }
        let floor = right.rounded(.down)
        guard let whole = I(exactly: floor) else { return right < 0 ? .after : .before }
        if left == whole { return floor == right ? .same : .before }
        return left < whole ? .before : .after
    }
}

extension Order {
    fileprivate var reversed: Order {
        switch self {
        case .before: .after
        case .same: .same
        case .after: .before
        }
    }
}

extension MapValue {
    func equals(_ other: MapValue, _ budget: inout StepBudget) throws(Fault) -> Bool {
        guard count == other.count else { return false }
        for entry in entries {
            try budget.spend(1)
            guard let value = other[entry.key], try entry.value.equals(value, &budget) else { return false }
        }
        return true
    }

    private var entries: [Entry] {
        switch storage {
        case .object(let members): members.map { Entry(key: .string($0.key), value: Value($0.value)) }
        case .entries(let entries): entries
        }
    }
}

extension String {
    /// Equality of code points; Swift's own holds canonically equivalent texts for equal.
    func hasSameScalars(as other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
