/// The extension for mathematics.
extension BuiltinFunction {
    func compute(_ operands: [Value], _ budget: inout StepBudget) throws(Fault) -> Value {
        switch self {
        case .greatest, .least: return try extreme(operands[0], &budget)
        case .bitAnd, .bitOr, .bitXor, .bitShiftLeft, .bitShiftRight: return try bits(operands[0], operands[1])
        case .bitNot:
            switch operands[0] {
            case .int(let number): return .int(~number)
            case .uint(let number): return .uint(~number)
            default: throw mismatch(operands)
            }
        case .abs, .sign: return try signed(operands[0])
        case .sqrt:
            guard let number = Number(operands[0]) else { throw mismatch(operands) }
            return .double(number.double.squareRoot())
        default:
            guard case .double(let number) = operands[0] else { throw mismatch(operands) }
            return real(number)
        }
    }

    private func real(_ number: Double) -> Value {
        switch self {
        case .ceil: .double(number.rounded(.up))
        case .floor: .double(number.rounded(.down))
        case .round: .double(number.rounded(.toNearestOrAwayFromZero))
        case .trunc: .double(number.rounded(.towardZero))
        case .isNaN: .bool(number.isNaN)
        case .isInf: .bool(number.isInfinite)
        default: .bool(number.isFinite)
        }
    }

    private func extreme(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> Value {
        guard case .list(let values) = value else {
            guard Number(value) != nil else { throw mismatch([value]) }
            return value
        }
        try budget.spend(values.count)
        guard var best = values.first else { throw Fault(.invalidArgument, "\(self) of an empty list") }
        for value in values {
            guard let number = Number(value), let other = Number(best) else { throw mismatch([value]) }
            if number.order(to: other) == (self == .greatest ? .after : .before) { best = value }
        }
        return best
    }

    private func signed(_ value: Value) throws(Fault) -> Value {
        switch value {
        case .uint(let number): return .uint(self == .abs ? number : number.signum())
        case .double(let number):
            guard self == .sign else { return .double(number.magnitude) }
            return .double(number > 0 ? 1 : number < 0 ? -1 : number)
        case .int(let number):
            guard self == .abs else { return .int(number.signum()) }
            guard let magnitude = Int64(exactly: number.magnitude) else {
                throw Fault(.overflow, "the result does not fit into 64 bits")
            }
            return .int(magnitude)
        default: throw mismatch([value])
        }
    }

    private func bits(_ left: Value, _ right: Value) throws(Fault) -> Value {
        switch (left, right) {
        case (.int(let number), .int(let count)) where self == .bitShiftLeft || self == .bitShiftRight:
            return .int(Int64(bitPattern: try shifted(UInt64(bitPattern: number), by: count)))
        case (.uint(let number), .int(let count)) where self == .bitShiftLeft || self == .bitShiftRight:
            return .uint(try shifted(number, by: count))
        case (.int(let left), .int(let right)): return .int(combined(left, right))
        case (.uint(let left), .uint(let right)) where self != .bitShiftLeft && self != .bitShiftRight:
            return .uint(combined(left, right))
        default: throw mismatch([left, right])
        }
    }

    private func combined<I: FixedWidthInteger>(_ left: I, _ right: I) -> I {
        switch self {
        case .bitAnd: left & right
        case .bitOr: left | right
        default: left ^ right
        }
    }

    /// Zeros come in from both sides.
    private func shifted(_ number: UInt64, by count: Int64) throws(Fault) -> UInt64 {
        guard count >= 0 else { throw Fault(.invalidArgument, "negative offset") }
        return self == .bitShiftLeft ? number << count : number >> count
    }
}

extension Number {
    fileprivate var double: Double {
        switch self {
        case .int(let number): Double(number)
        case .uint(let number): Double(number)
        case .double(let number): number
        }
    }
}
