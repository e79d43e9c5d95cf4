import Model

/// CEL's equality and order (language definition, "Equality" and "Ordering").
extension Value {
    /// Numbers of all types compare by what they are; values of different types are unequal, never an error.
    func equals(_ other: Value, _ budget: inout StepBudget) throws(Fault) -> Bool {
        switch (self, other) {
        case (.list(let left), .list(let right)):
            try budget.spend(1)
            guard left.count == right.count else { return false }
            for (leftElement, rightElement) in zip(left, right) {
                try budget.spend(1)
                guard try leftElement.equals(rightElement, &budget) else { return false }
            }
            return true
        case (.map(let left), .map(let right)): return try left.equals(right, &budget)
        case (.optional(let left), .optional(let right)):
            guard let leftValue = left.value, let rightValue = right.value else {
                return left.value == nil && right.value == nil
            }
            return try leftValue.equals(rightValue, &budget)
        default: return isSameKey(as: other)
        }
    }

    /// Equality of all but lists, maps and optionals.
    func isSameKey(as other: Value) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.hasSameScalars(as: right)
        case (.int(let left), .int(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.null, .null): true
        case (.bytes(let left), .bytes(let right)): left == right
        case (.timestamp(let left, let leftNanos), .timestamp(let right, let rightNanos)):
            left == right && leftNanos == rightNanos
        case (.duration(let left, let leftNanos), .duration(let right, let rightNanos)):
            left == right && leftNanos == rightNanos
        case (.type(let left), .type(let right)): left == right
        case (.network(let left), .network(let right)): left == right
        default: Number(self).flatMap { left in Number(other).map { left.order(to: $0) == .same } } ?? false
        }
    }

    /// nil when a NaN is involved, which has no place in the order.
    func order(to other: Value) throws(Fault) -> Order? {
        switch (self, other) {
        case (.int(let left), .int(let right)): return Order(left, right)
        case (.bool(let left), .bool(let right)): return Order(left ? 1 : 0, right ? 1 : 0)
        case (.string(let left), .string(let right)): return Order(lexicographic: left.utf8, right.utf8)
        case (.bytes(let left), .bytes(let right)): return Order(lexicographic: left, right)
        case (.timestamp(let left, let leftNanos), .timestamp(let right, let rightNanos)):
            return Order(
                Moment(microseconds: left.microseconds, nanos: leftNanos),
                Moment(microseconds: right.microseconds, nanos: rightNanos))
        case (.duration(let left, let leftNanos), .duration(let right, let rightNanos)):
            return Order(
                Moment(microseconds: left.microseconds, nanos: leftNanos),
                Moment(microseconds: right.microseconds, nanos: rightNanos))
        default:
            guard let left = Number(self), let right = Number(other) else {
                throw Fault(.noSuchOverload, "\(typeName) and \(other.typeName) have no order")
            }
            return left.order(to: right)
        }
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

/// A number of any of the three types. A whole one beside a double compares as a double, as the conformance cases have it:
/// beyond 2⁵³ neighbours may be equal.
enum Number {
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
        // The standard library compares integers of different types exactly.
        switch (self, other) {
        case (.int(let left), .int(let right)): Order(left, right)
        case (.uint(let left), .uint(let right)): Order(left, right)
        case (.double(let left), .double(let right)): left.isNaN || right.isNaN ? nil : Order(left, right)
        case (.int(let left), .uint(let right)): left < right ? .before : left == right ? .same : .after
        case (.uint(let left), .int(let right)): left < right ? .before : left == right ? .same : .after
        case (.int(let left), .double(let right)): right.isNaN ? nil : Order(Double(left), right)
        case (.uint(let left), .double(let right)): right.isNaN ? nil : Order(Double(left), right)
        case (.double(let left), .int(let right)): left.isNaN ? nil : Order(left, Double(right))
        case (.double(let left), .uint(let right)): left.isNaN ? nil : Order(left, Double(right))
        }
    }
}

extension MapValue {
    func equals(_ other: MapValue, _ budget: inout StepBudget) throws(Fault) -> Bool {
        try budget.spend(1)
        guard count == other.count else { return false }
        for entry in entries {
            try budget.spend(1)
            guard let value = other[entry.key], try entry.value.equals(value, &budget) else { return false }
        }
        return true
    }
}

extension String {
    /// Equality of code points; Swift's own holds canonically equivalent texts for equal.
    @inline(__always)
    func hasSameScalars(as other: String) -> Bool {
        let isSame: Bool? = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                left.count == right.count && left.elementsEqual(right)
            } ?? other.utf8.elementsEqual(left)
        }
        return isSame ?? utf8.elementsEqual(other.utf8)
    }
}
