import Model

/// What a slot holds.
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

/// Runs a program on a stack; no recursion, no allocation but the values' own.
///
/// It knows nothing of the world: where the program asks something of it, the machine stops and is given the answer. So
/// it is one piece of code for all worlds.
struct Machine {
    let program: Program
    /// One behind the uppermost slot.
    var top: UnsafeMutablePointer<Slot>
    var next = 0
    var steps = StepBudget()
    /// The variables of macros.
    let locals: UnsafeMutablePointer<Slot>
    var iterations: [Iteration] = []
    /// The roots of paths.
    let contact: Value
    let event: Value?
    /// The same, where they are records.
    let contactRecord: Unmanaged<Record>?
    let eventRecord: Unmanaged<Record>?

    /// The value of a program, or its error, and until when time alone cannot change it.
    static func run(_ program: Program, in world: some EvaluationContext) -> Slot {
        withUnsafeTemporaryAllocation(of: Slot.self, capacity: program.stackSize) { stack in
            let bottom = stack.baseAddress! + program.localCount
            stack.baseAddress!.initialize(repeating: Slot(.null), count: program.localCount)
            defer { stack.baseAddress!.deinitialize(count: program.localCount) }
            var machine = Machine(
                program, bottom, contact: program.mentions.contact ? world.contactValue : .null,
                event: program.mentions.event ? world.eventValue : nil)
            defer { while machine.top > bottom { machine.drop() } }
            do throws(Fault) {
                while let question = try machine.resume() { machine.push(machine.answer(question, from: world)) }
                return machine.pop()
            } catch {
                // Only spending throws here: an operation's own fault lies on the stack already.
                let isLasting = program.mentions.longestWindow == nil && program.mentions.scores.isEmpty
                return Slot(.fault(machine.placed(error)), isLasting ? .distantFuture : world.now + .hours(1))
            }
        }
    }

    private init(_ program: Program, _ bottom: UnsafeMutablePointer<Slot>, contact: Value, event: Value?) {
        self.program = program
        self.contact = contact
        self.event = event
        contactRecord = contact.record
        eventRecord = event?.record
        top = bottom
        locals = bottom - program.localCount
    }

    /// Goes on to the next question for the world; nil at the end.
    @inline(never)
    private mutating func resume() throws(Fault) -> Operation? {
        while next < program.operations.count {
            let operation = program.operations.base[next]
            next += 1
            try steps.spend(1)
            if operation.asksTheWorld { return operation }
            try perform(operation)
        }
        return nil
    }

    @inline(__always)
    private mutating func perform(_ operation: Operation) throws(Fault) {
        switch operation {
        case .compare(let symbol, let path, let constant): try compare(symbol, path, constant)
        case .decide(let neutral, let end): if top[-1].bool == !neutral { next = end }
        case .join(let neutral, let end): join(neutral, end)
        case .path(let path): try settle { (machine) throws(Fault) in try machine.load(path) }
        case .constant(let number): push(Slot(program.constants.base[number]))
        case .local(let number): push(locals[number])
        case .test(let function, let path, let constant): try test(function, path, constant)
        case .compareLocal(let symbol, let local, let constant): try compare(symbol, local: local, constant)
        case .testLocal(let function, let local, let constant): try test(function, local: local, constant)
        case .next(let number): try advance(program.loops.base + number)
        case .collect(let number): try collect(program.loops.base + number)
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
        case .iterate, .keep, .bind, .unwrap, .wrap: try loop(operation)
        case .select, .optionalSelect, .has, .index, .optionalIndex, .hasPath: try access(operation)
        case .matches(let pattern): try matches(program.tables.patterns[pattern])
        case .part(let function, let zone):
            let rules = program.tables.zones[zone]
            try unary { (value) throws(Fault) in try function.part(of: value, in: rules) }
        case .fail(let number): push(Slot(.fault(program.tables.faults[number])))
        default: preconditionFailure("a question for the world")
        }
    }

    private mutating func access(_ operation: Operation) throws(Fault) {
        let fields = program.fields
        switch operation {
        case .select(let field): try unary { (value) throws(Fault) in try value.select(fields.base[field]) }
        case .optionalSelect(let field):
            try unary { (value) throws(Fault) in try value.optionalSelect(fields.base[field]) }
        case .has(let field): try unary { (value) throws(Fault) in .bool(try value.has(fields.base[field])) }
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
