import Model

/// Runs a program on a stack; no recursion, no allocation but the values' own.
struct Machine<World: EvaluationContext> {
    enum Content {
        case value(Value)
        case fault(Fault)
    }

    /// A result on the stack: an error is one as well.
    struct Slot {
        var content: Content
        var validUntil: Timestamp

        init(_ content: Content, _ validUntil: Timestamp = .distantFuture) {
            self.content = content
            self.validUntil = validUntil
        }

        init(_ value: Value, _ validUntil: Timestamp = .distantFuture) {
            content = .value(value)
            self.validUntil = validUntil
        }

        var bool: Bool? {
            if case .value(.bool(let value)) = content { value } else { nil }
        }
    }

    let program: Program
    let world: World
    /// One behind the uppermost slot.
    var top: UnsafeMutablePointer<Slot>
    var next = 0
    var steps = StepBudget()
    var locals: [Slot]
    var iterations: [Iteration] = []
    /// The roots of paths, once they have been asked for.
    var contact: Value?
    var event: Value?

    /// The value of a program, or its error, and until when time alone cannot change it.
    static func run(_ program: Program, in world: World) -> Slot {
        withUnsafeTemporaryAllocation(of: Slot.self, capacity: program.stackSize) { stack in
            var machine = Machine(program, world, stack.baseAddress!)
            let bottom = machine.top
            let result = machine.run()
            while machine.top > bottom { machine.drop() }
            return result
        }
    }

    private init(_ program: Program, _ world: World, _ bottom: UnsafeMutablePointer<Slot>) {
        self.program = program
        self.world = world
        top = bottom
        locals = program.localCount == 0 ? [] : Array(repeating: Slot(.null), count: program.localCount)
    }

    private mutating func run() -> Slot {
        do throws(Fault) {
            try program.operations.withUnsafeBufferPointer { operations throws(Fault) in
                while next < operations.count {
                    let operation = operations[next]
                    next += 1
                    try steps.spend(1)
                    try perform(operation)
                }
            }
            return pop()
        } catch {
            // Only spending throws here: an operation's own fault lies on the stack already.
            let isLasting = program.mentions.longestWindow == nil && program.mentions.scores.isEmpty
            return Slot(.fault(placed(error)), isLasting ? .distantFuture : world.now + .hours(1))
        }
    }

    @inline(__always)
    private mutating func perform(_ operation: Operation) throws(Fault) {
        switch operation {
        case .compare(let symbol, let path, let constant): try compare(symbol, path, constant)
        case .decide(let neutral, let end): if top[-1].bool == !neutral { next = end }
        case .join(let neutral, let end): join(neutral, end)
        case .path(let path): try settle { (machine) throws(Fault) in try machine.load(path) }
        case .constant(let number): push(Slot(program.tables.constants[number]))
        case .local(let number): push(locals[number])
        case .test(let function, let path, let constant): try test(function, path, constant)
        default: try performOther(operation)
        }
    }

    @inline(never)
    private mutating func performOther(_ operation: Operation) throws(Fault) {
        switch operation {
        case .branch(let negative, let end): branch(negative: negative, end: end)
        case .jump(let target): next = target
        case .joinBranch: joinBranch()
        case .list(let count, let flags): try list(count, flags)
        case .map(let count, let flags): try map(count, flags)
        case .not: try unary { (value) throws(Fault) in .bool(try !value.condition()) }
        case .negate: try unary { (value) throws(Fault) in try value.negated() }
        case .binary(let symbol, let isLenient): try binary(symbol, isLenient)
        case .call(let function, let count): try call(function, count)
        case .iterate, .next, .keep, .collect, .bind, .unwrap, .wrap: try loop(operation)
        case .select, .optionalSelect, .has, .index, .optionalIndex, .hasPath: try access(operation)
        case .matches(let pattern): try matches(program.tables.patterns[pattern])
        case .part(let function, let zone):
            let rules = program.tables.zones[zone]
            try unary { (value) throws(Fault) in try function.part(of: value, in: rules) }
        default: push(read(operation))
        }
    }

    private mutating func access(_ operation: Operation) throws(Fault) {
        let fields = program.tables.fields
        switch operation {
        case .select(let field): try unary { (value) throws(Fault) in try value.select(fields[field]) }
        case .optionalSelect(let field): try unary { (value) throws(Fault) in try value.optionalSelect(fields[field]) }
        case .has(let field): try unary { (value) throws(Fault) in .bool(try value.has(fields[field])) }
        case .hasPath(let path): try settle { (machine) throws(Fault) in .bool(try machine.hasField(path)) }
        case .index: try binary { (value, key, _) throws(Fault) in try value.index(key) }
        default: try binary { (value, key, _) throws(Fault) in try value.optionalIndex(key) }
        }
    }

    // MARK: Control

    /// `&&` and `||` in either order: the deciding value wins over an error on the other side, and alone says how long
    /// the result holds.
    @inline(__always)
    private mutating func join(_ neutral: Bool, _ end: Int) {
        let right = pop()
        if right.bool == !neutral {
            top[-1] = right
            next = end
            return
        }
        let validUntil = min(top[-1].validUntil, right.validUntil)
        if top[-1].bool == nil { top[-1].content = condition(top[-1]) } else { top[-1].content = condition(right) }
        top[-1].validUntil = validUntil
    }

    /// What a slot is worth as a condition: itself, or the error that it is none.
    func condition(_ slot: Slot) -> Content {
        guard case .value(let value) = slot.content, value.bool == nil else { return slot.content }
        return .fault(placed(Fault(.noSuchOverload, "a condition is bool, not \(value.typeName)")))
    }

    private mutating func branch(negative: Int, end: Int) {
        switch top[-1].bool {
        case true: break
        case false: next = negative
        case nil:
            push(Slot(condition(top[-1]), top[-1].validUntil))
            next = end
        }
    }

    private mutating func joinBranch() {
        let result = pop()
        top[-1] = Slot(result.content, min(result.validUntil, top[-1].validUntil))
    }
}

/// What is left of `Expression.stepLimit`.
struct StepBudget {
    private var left = Expression.stepLimit

    @inline(__always)
    mutating func spend(_ count: Int) throws(Fault) {
        left -= count
        if left < 0 { throw Fault(.budget, "the evaluation takes too many steps") }
    }
}
