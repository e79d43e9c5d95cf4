import Model

extension Machine {
    static func compute(
        _ symbol: BinaryOperator, _ left: Value, _ right: Value, _ budget: inout StepBudget
    ) throws(Fault) -> Value {
        switch symbol {
        case .equal: .bool(try left.equals(right, &budget))
        case .notEqual: .bool(try !left.equals(right, &budget))
        case .less: .bool(try left.order(to: right) == .before)
        case .greater: .bool(try left.order(to: right) == .after)
        case .lessOrEqual: .bool(try [.before, .same].contains(left.order(to: right)))
        case .greaterOrEqual: .bool(try [.after, .same].contains(left.order(to: right)))
        case .within: .bool(try left.isWithin(right, &budget))
        case .add, .subtract, .multiply, .divide, .modulo: try left.arithmetic(symbol, right, &budget)
        }
    }
}

extension Value {
    fileprivate func isWithin(_ container: Value, _ budget: inout StepBudget) throws(Fault) -> Bool {
        switch container {
        case .list(let elements):
            for element in elements where try equals(element, &budget) { return true }
            return false
        case .map(let map): return map[self] != nil
        default: throw Fault(.noSuchOverload, "'in' needs list or map, not \(container.typeName)")
        }
    }

    /// Both sides are of one type, save timestamps and durations; a result out of range is an error, never wrapped.
    fileprivate func arithmetic(
        _ symbol: BinaryOperator, _ right: Value, _ budget: inout StepBudget
    ) throws(Fault) -> Value {
        switch (self, right) {
        case (.int(let left), .int(let right)): return .int(try left.applying(symbol, right))
        case (.uint(let left), .uint(let right)): return .uint(try left.applying(symbol, right))
        case (.double(let left), .double(let right)):
            guard let result = left.applying(symbol, right) else { break }
            return .double(result)
        case (.string(let left), .string(let right)) where symbol == .add:
            try budget.spend((left.utf8.count + right.utf8.count) / 64)
            return .string(left + right)
        case (.bytes(let left), .bytes(let right)) where symbol == .add:
            try budget.spend((left.count + right.count) / 64)
            return .bytes(left + right)
        case (.list(let left), .list(let right)) where symbol == .add:
            try budget.spend(left.count + right.count)
            return .list(left + right)
        default:
            if let result = try time(symbol, right) { return result }
        }
        throw Fault(.noSuchOverload, "'\(symbol.rawValue)' is not defined between \(typeName) and \(right.typeName)")
    }

    private func time(_ symbol: BinaryOperator, _ right: Value) throws(Fault) -> Value? {
        switch (self, symbol, right) {
        case (.timestamp(let at), .add, .duration(let span)), (.duration(let span), .add, .timestamp(let at)):
            return try Self.timestamp(at.microseconds.applying(.add, span.microseconds))
        case (.timestamp(let at), .subtract, .duration(let span)):
            return try Self.timestamp(at.microseconds.applying(.subtract, span.microseconds))
        case (.timestamp(let left), .subtract, .timestamp(let right)):
            return try Self.duration(left.microseconds.applying(.subtract, right.microseconds))
        case (.duration(let left), .add, .duration(let right)), (.duration(let left), .subtract, .duration(let right)):
            return try Self.duration(left.microseconds.applying(symbol, right.microseconds))
        default: return nil
        }
    }

    /// CEL's timestamps lie in the years 0001 to 9999.
    private static func timestamp(_ microseconds: Int64) throws(Fault) -> Value {
        guard (-62_135_596_800_000_000...253_402_300_799_999_999).contains(microseconds) else {
            throw Fault(.overflow, "timestamp out of range")
        }
        return .timestamp(Timestamp(microseconds: microseconds))
    }

    private static func duration(_ microseconds: Int64) throws(Fault) -> Value {
        guard microseconds.magnitude <= Span.celLimit.microseconds.magnitude else {
            throw Fault(.overflow, "duration out of range")
        }
        return .duration(Span(microseconds: microseconds))
    }

    func negated() throws(Fault) -> Value {
        switch self {
        case .int(let value): .int(try Int64(0).applying(.subtract, value))
        case .double(let value): .double(-value)
        default: throw Fault(.noSuchOverload, "'-' is not defined on \(typeName)")
        }
    }
}

extension FixedWidthInteger {
    fileprivate func applying(_ symbol: BinaryOperator, _ right: Self) throws(Fault) -> Self {
        let (result, overflow): (Self, Bool)
        switch symbol {
        case .add: (result, overflow) = addingReportingOverflow(right)
        case .subtract: (result, overflow) = subtractingReportingOverflow(right)
        case .multiply: (result, overflow) = multipliedReportingOverflow(by: right)
        default:
            guard right != 0 else { throw Fault(.divisionByZero, "division by zero") }
            (result, overflow) =
                symbol == .divide
                ? dividedReportingOverflow(by: right) : remainderReportingOverflow(dividingBy: right)
        }
        guard !overflow else { throw Fault(.overflow, "the result does not fit into 64 bits") }
        return result
    }
}

extension Double {
    /// IEEE 754; nil for what is not defined on doubles.
    fileprivate func applying(_ symbol: BinaryOperator, _ right: Double) -> Double? {
        switch symbol {
        case .add: self + right
        case .subtract: self - right
        case .multiply: self * right
        case .divide: self / right
        default: nil
        }
    }
}
