import Model

/// Runs a program on a stack; no recursion, no allocation but the stack's and the values' own.
struct Machine<World: EvaluationContext> {
    enum Content {
        case value(Value)
        case fault(Fault)
    }

    /// A result on the stack: an error is one as well.
    struct Slot {
        var content: Content
        var validUntil: Timestamp

        var bool: Bool? {
            if case .value(.bool(let value)) = content { value } else { nil }
        }
    }

    let program: Program
    let world: World
    private var stack: [Slot] = []
    private var next = 0
    var steps = StepBudget()

    init(program: Program, world: World) {
        self.program = program
        self.world = world
        stack.reserveCapacity(8)
    }

    mutating func run() -> Slot {
        while next < program.operations.count {
            let current = next
            next += 1
            do {
                try steps.spend(1)
                try perform(program.operations[current])
            } catch {
                var fault = error
                if fault.offset < 0 { fault.offset = program.offsets[current] }
                // Only spending throws here: an operation's own fault lies on the stack already.
                let isLasting = program.mentions.longestWindow == nil && program.mentions.scores.isEmpty
                return Slot(content: .fault(fault), validUntil: isLasting ? .distantFuture : world.now + .hours(1))
            }
        }
        return stack.removeLast()
    }

    private mutating func perform(_ operation: Operation) throws(Fault) {
        switch operation {
        case .skipUnless(let neutral, let target): if stack[stack.count - 1].bool == !neutral { next = target }
        case .join(let neutral): join(neutral)
        case .branch(let negative, let end): branch(negative: negative, end: end)
        case .jump(let target): next = target
        case .joinBranch: joinBranch()
        case .list(let count): try apply(count) { .list($0) }
        case .map(let count): try apply(count * 2) { (operands) throws(Fault) in try Value(mapLiteral: operands) }
        case .select(let field): try unary { (value) throws(Fault) in try value.select(field) }
        case .has(let field): try unary { (value) throws(Fault) in .bool(try value.has(field)) }
        case .index: try apply(2) { (operands) throws(Fault) in try operands[0].index(operands[1]) }
        case .not: try unary { (value) throws(Fault) in .bool(try !value.condition()) }
        case .negate: try unary { (value) throws(Fault) in try value.negated() }
        case .binary(let symbol): try binary(symbol)
        case .call(let function): try call(function)
        default: push(read(operation))
        }
    }

    // MARK: The stack

    private mutating func push(_ slot: Slot) { stack.append(slot) }

    private mutating func pop() -> Slot { stack.removeLast() }

    /// Replaces `count` operands by a result; with a fault among them, by the first fault.
    private mutating func apply(_ count: Int, _ body: ([Value]) throws(Fault) -> Value) throws(Fault) {
        var values: [Value] = []
        var validUntil = Timestamp.distantFuture
        var fault: Fault?
        for slot in stack[(stack.count - count)...] {
            validUntil = min(validUntil, slot.validUntil)
            switch slot.content {
            case .value(let value): values.append(value)
            case .fault(let first): fault = fault ?? first
            }
        }
        stack.removeLast(count)
        try settle(fault, validUntil) { () throws(Fault) in try body(values) }
    }

    private mutating func unary(_ body: (Value) throws(Fault) -> Value) throws(Fault) {
        let operand = pop()
        switch operand.content {
        case .fault: push(operand)
        case .value(let value): try settle(nil, operand.validUntil) { () throws(Fault) in try body(value) }
        }
    }

    private mutating func binary(_ symbol: BinaryOperator) throws(Fault) {
        let right = pop()
        let left = pop()
        let validUntil = min(left.validUntil, right.validUntil)
        switch (left.content, right.content) {
        case (.fault, _): push(Slot(content: left.content, validUntil: validUntil))
        case (_, .fault): push(Slot(content: right.content, validUntil: validUntil))
        case (.value(let leftValue), .value(let rightValue)):
            var budget = steps
            defer { steps = budget }
            try settle(nil, validUntil) { () throws(Fault) in
                try Self.compute(symbol, leftValue, rightValue, &budget)
            }
        }
    }

    private mutating func call(_ function: BuiltinFunction) throws(Fault) {
        var budget = steps
        defer { steps = budget }
        let count = function == .size || function == .duration ? 1 : 2
        try apply(count) { (operands) throws(Fault) in try function.apply(to: operands, &budget) }
    }

    private mutating func settle(
        _ fault: Fault?, _ validUntil: Timestamp, _ body: () throws(Fault) -> Value
    ) throws(Fault) {
        if let fault { return push(Slot(content: .fault(fault), validUntil: validUntil)) }
        do {
            push(Slot(content: .value(try body()), validUntil: validUntil))
        } catch {
            if error.code == .budget { throw error }
            push(Slot(content: .fault(placed(error)), validUntil: validUntil))
        }
    }

    /// The fault, at the operation that is being performed.
    private func placed(_ fault: Fault) -> Fault {
        var fault = fault
        fault.offset = program.offsets[next - 1]
        return fault
    }

    func fault(_ code: EvaluationError.Code, _ message: String) -> Slot {
        Slot(content: .fault(placed(Fault(code, message))), validUntil: .distantFuture)
    }

    // MARK: Control

    /// `&&` and `||` in either order: the deciding value wins over an error on the other side, and alone says how long
    /// the result holds.
    private mutating func join(_ neutral: Bool) {
        let right = pop()
        let left = pop()
        if right.bool == !neutral { return push(right) }
        let validUntil = min(left.validUntil, right.validUntil)
        let culprit = left.bool == nil ? left : right
        push(Slot(content: condition(culprit), validUntil: validUntil))
    }

    private func condition(_ slot: Slot) -> Content {
        guard case .value(let value) = slot.content, value.bool == nil else { return slot.content }
        return .fault(placed(Fault(.noSuchOverload, "a condition is bool, not \(value.typeName)")))
    }

    private mutating func branch(negative: Int, end: Int) {
        let slot = stack[stack.count - 1]
        switch slot.bool {
        case true: break
        case false: next = negative
        case nil:
            push(Slot(content: condition(slot), validUntil: slot.validUntil))
            next = end
        }
    }

    private mutating func joinBranch() {
        var result = pop()
        result.validUntil = min(result.validUntil, pop().validUntil)
        push(result)
    }
}

/// What is left of `Expression.stepLimit`.
struct StepBudget {
    private var left = Expression.stepLimit

    mutating func spend(_ count: Int) throws(Fault) {
        left -= count
        guard left >= 0 else { throw Fault(.budget, "the evaluation takes too many steps") }
    }
}
