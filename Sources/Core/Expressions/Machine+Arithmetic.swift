import Model

extension Machine {
    static func compute(
        _ symbol: BinaryOperator, _ left: Value, _ right: Value, _ isLenient: Bool, _ budget: inout StepBudget
    ) throws(Fault) -> Value {
        switch symbol {
        case .add, .subtract, .multiply, .divide, .modulo:
            if isLenient, let result = try left.lenient(symbol, right) { return result }
            return try left.arithmetic(symbol, right, &budget)
        default: return .bool(try holds(symbol, left, right, &budget))
        }
    }

    /// A comparison or `in`.
    @inline(__always)
    static func holds(
        _ symbol: BinaryOperator, _ left: Value, _ right: Value, _ budget: inout StepBudget
    ) throws(Fault) -> Bool {
        switch symbol {
        case .equal: return try left.equals(right, &budget)
        case .notEqual: return try !left.equals(right, &budget)
        case .within: return try left.isWithin(right, &budget)
        default:
            guard let order = try left.order(to: right) else { return false }
            switch symbol {
            case .less: return order == .before
            case .greater: return order == .after
            case .lessOrEqual: return order != .after
            default: return order != .before
            }
        }
    }
}

extension Value {
    func isWithin(_ container: Value, _ budget: inout StepBudget) throws(Fault) -> Bool {
        switch container {
        case .list(let elements):
            for element in elements {
                try budget.spend(1)
                if try equals(element, &budget) { return true }
            }
            return false
        case .map(let map): return map[self] != nil
        default: throw Fault(.noSuchOverload, "'in' needs list or map, not \(container.typeName)")
        }
    }

    /// Numbers from JSON are of one kind: beside a fraction a whole one is a fraction, and a division that does not come
    /// out even has one. nil where the ordinary rules apply.
    fileprivate func lenient(_ symbol: BinaryOperator, _ right: Value) throws(Fault) -> Value? {
        switch (self, right) {
        case (.int(let left), .double(let right)): return Double(left).applying(symbol, right).map { .double($0) }
        case (.double(let left), .int(let right)): return left.applying(symbol, Double(right)).map { .double($0) }
        case (.int(let left), .int(let right)) where symbol == .divide && right != 0 && right != -1:
            return left % right == 0 ? nil : .double(Double(left) / Double(right))
        default: return nil
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
        guard let leftMoment = moment, let rightMoment = right.moment else { return nil }
        switch (self, symbol, right) {
        case (.timestamp, .add, .duration), (.duration, .add, .timestamp):
            return try .timestamp(leftMoment + rightMoment)
        case (.timestamp, .subtract, .duration): return try .timestamp(leftMoment - rightMoment)
        case (.timestamp, .subtract, .timestamp), (.duration, .subtract, .duration):
            return try .duration(leftMoment - rightMoment)
        case (.duration, .add, .duration): return try .duration(leftMoment + rightMoment)
        default: return nil
        }
    }

    private var moment: Moment? {
        switch self {
        case .timestamp(let at, let nanos): Moment(microseconds: at.microseconds, nanos: nanos)
        case .duration(let span, let nanos): Moment(microseconds: span.microseconds, nanos: nanos)
        default: nil
        }
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
