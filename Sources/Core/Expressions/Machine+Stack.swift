import Model
import Patterns

/// How operations take their operands and leave their results.
extension Machine {
    @inline(__always)
    mutating func push(_ slot: Slot) {
        top.initialize(to: slot)
        top += 1
    }

    @inline(__always)
    mutating func pop() -> Slot {
        top -= 1
        return top.move()
    }

    mutating func drop() {
        top -= 1
        top.deinitialize(count: 1)
    }

    /// The fault, at the operation that is being performed.
    func placed(_ fault: Fault) -> Fault { fault.placed(at: program.offsets[next - 1]) }

    func fault(_ code: EvaluationError.Code, _ message: String) -> Slot {
        Slot(.fault(placed(Fault(code, message))))
    }

    /// Leaves what the body comes to: a value, or its fault. A spent budget ends everything.
    @inline(__always)
    mutating func settle(
        _ validUntil: Timestamp = .distantFuture, _ body: (inout Machine) throws(Fault) -> Value
    ) throws(Fault) {
        do throws(Fault) {
            push(Slot(try body(&self), validUntil))
        } catch {
            if error.code == .budget { throw error }
            push(Slot(.fault(placed(error)), validUntil))
        }
    }

    mutating func unary(_ body: (Value) throws(Fault) -> Value) throws(Fault) {
        guard case .value(let value) = top[-1].content else { return }
        let operand = pop()
        try settle(operand.validUntil) { (_) throws(Fault) in try body(value) }
    }

    mutating func binary(_ body: (Value, Value, inout StepBudget) throws(Fault) -> Value) throws(Fault) {
        let right = pop()
        let left = pop()
        let validUntil = min(left.validUntil, right.validUntil)
        switch (left.content, right.content) {
        case (.value(let leftValue), .value(let rightValue)):
            try settle(validUntil) { (machine) throws(Fault) in try body(leftValue, rightValue, &machine.steps) }
        case (.fault, _): push(Slot(left.content, validUntil))
        case (_, .fault): push(Slot(right.content, validUntil))
        }
    }

    mutating func binary(_ symbol: BinaryOperator, _ isLenient: Bool) throws(Fault) {
        try binary { (left, right, budget) throws(Fault) in
            try Self.compute(symbol, left, right, isLenient, &budget)
        }
    }

    /// Replaces `count` operands by a result; with a fault among them, by the first fault.
    mutating func apply(
        _ count: Int, _ body: ([Value], inout StepBudget) throws(Fault) -> Value
    ) throws(Fault) {
        var values: [Value] = []
        values.reserveCapacity(count)
        var validUntil = Timestamp.distantFuture
        var fault: Fault?
        for index in -count..<0 {
            validUntil = min(validUntil, top[index].validUntil)
            switch top[index].content {
            case .value(let value): values.append(value)
            case .fault(let first): fault = fault ?? first
            }
        }
        for _ in 0..<count { drop() }
        if let fault { return push(Slot(.fault(fault), validUntil)) }
        try settle(validUntil) { (machine) throws(Fault) in try body(values, &machine.steps) }
    }

    mutating func list(_ count: Int, _ flags: Int) throws(Fault) {
        let flags = flags < 0 ? [] : program.tables.optionals[flags]
        try apply(count) { (operands, budget) throws(Fault) in
            try budget.spend(count / 8)
            return try Value(listLiteral: operands, optional: flags)
        }
    }

    mutating func map(_ count: Int, _ flags: Int) throws(Fault) {
        let flags = flags < 0 ? [] : program.tables.optionals[flags]
        try apply(count * 2) { (operands, budget) throws(Fault) in
            try budget.spend(count / 4)
            return try Value(mapLiteral: operands, optional: flags)
        }
    }

    mutating func call(_ function: BuiltinFunction, _ count: Int) throws(Fault) {
        if count == 1 {
            guard case .value(let value) = top[-1].content else { return }
            let validUntil = pop().validUntil
            return try settle(validUntil) { (machine) throws(Fault) in
                try function.apply(to: [value], &machine.steps)
            }
        }
        try apply(count) { (operands, budget) throws(Fault) in try function.apply(to: operands, &budget) }
    }

    mutating func matches(_ pattern: LinearPattern) throws(Fault) {
        guard case .value(let value) = top[-1].content else { return }
        let validUntil = pop().validUntil
        try settle(validUntil) { (machine) throws(Fault) in
            guard case .string(let text) = value else {
                throw Fault(.noSuchOverload, "matches is not defined on \(value.typeName)")
            }
            try machine.steps.spend(text.utf8.count / 16)
            return .bool(pattern.matches(text))
        }
    }
}
