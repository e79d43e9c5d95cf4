import Model

extension Machine {
    /// A macro on its way through its range.
    struct Iteration {
        enum Range {
            case list([Value])
            case entries([MapValue.Entry])
        }

        var range: Range
        var index = 0
        var validUntil: Timestamp
        var elements: [Value] = []
        var entries: [MapValue.Entry] = []
        var found = 0
        /// The first error of `all` and `exists`, which a deciding element still overrides.
        var fault: Fault?
        /// The element at hand.
        var current: Value = .null

        var count: Int {
            switch range {
            case .list(let elements): elements.count
            case .entries(let entries): entries.count
            }
        }
    }

    mutating func loop(_ operation: Operation) throws(Fault) {
        switch operation {
        case .iterate(let number): try begin(program.tables.loops[number])
        case .next(let number): try advance(program.tables.loops[number])
        case .keep(let number): keep(program.tables.loops[number])
        case .collect(let number): try collect(program.tables.loops[number])
        case .bind(let local): locals[local] = pop()
        case .unwrap(let local, let end): unwrap(local, end)
        case .wrap(let local, let isFlat): wrap(local, isFlat)
        default: preconditionFailure("not an operation of a macro")
        }
    }

    private mutating func begin(_ loop: Loop) throws(Fault) {
        let range = pop()
        switch range.content {
        case .fault:
            push(range)
            next = loop.end
        case .value(.list(let elements)):
            iterations.append(Iteration(range: .list(elements), validUntil: range.validUntil))
        case .value(.map(let map)):
            try steps.spend(map.count)
            iterations.append(Iteration(range: .entries(map.entries), validUntil: range.validUntil))
        case .value(let value):
            push(fault(.noSuchOverload, "a macro goes through list or map, not \(value.typeName)"))
            next = loop.end
        }
    }

    private mutating func advance(_ loop: Loop) throws(Fault) {
        let last = iterations.count - 1
        let index = iterations[last].index
        guard index < iterations[last].count else { return try finish(loop) }
        iterations[last].index = index + 1
        let isPair = loop.variables.count == 2
        switch iterations[last].range {
        case .list(let elements):
            iterations[last].current = elements[index]
            if isPair { locals[loop.variables[0]] = Slot(.int(Int64(index))) }
            locals[loop.variables[isPair ? 1 : 0]] = Slot(elements[index])
        case .entries(let entries):
            iterations[last].current = entries[index].key
            locals[loop.variables[0]] = Slot(entries[index].key)
            if isPair { locals[loop.variables[1]] = Slot(entries[index].value) }
        }
    }

    /// Leaves the result of an iteration that has come to its end.
    private mutating func finish(_ loop: Loop) throws(Fault) {
        let iteration = iterations.removeLast()
        next = loop.end
        if let fault = iteration.fault { return push(Slot(.fault(fault), iteration.validUntil)) }
        let result: Value =
            switch loop.kind {
            case .all: .bool(true)
            case .exists: .bool(false)
            case .existsOne: .bool(iteration.found == 1)
            case .filter, .map: .list(iteration.elements)
            case .transformMap: .map(MapValue(entries: iteration.entries))
            }
        push(Slot(result, iteration.validUntil))
    }

    /// Ends an iteration with a result of its own.
    private mutating func leave(_ loop: Loop, _ content: Content, _ validUntil: Timestamp) {
        iterations.removeLast()
        next = loop.end
        push(Slot(content, validUntil))
    }

    private mutating func keep(_ loop: Loop) {
        let condition = pop()
        let last = iterations.count - 1
        iterations[last].validUntil = min(iterations[last].validUntil, condition.validUntil)
        switch condition.bool {
        case true: break
        case false: next = loop.start
        case nil: leave(loop, self.condition(condition), iterations[last].validUntil)
        }
    }

    private mutating func collect(_ loop: Loop) throws(Fault) {
        let body = pop()
        let last = iterations.count - 1
        next = loop.start
        switch loop.kind {
        case .all, .exists:
            if body.bool == (loop.kind == .exists) {
                return leave(loop, body.content, min(body.validUntil, iterations[last].validUntil))
            }
            if case .fault(let fault) = condition(body) { iterations[last].fault = iterations[last].fault ?? fault }
        case .existsOne, .filter:
            guard let holds = body.bool else {
                return leave(loop, condition(body), min(body.validUntil, iterations[last].validUntil))
            }
            if holds { try add(loop, iterations[last].current) }
        case .map, .transformMap:
            guard case .value(let value) = body.content else {
                return leave(loop, body.content, min(body.validUntil, iterations[last].validUntil))
            }
            try add(loop, value)
        }
        iterations[last].validUntil = min(iterations[last].validUntil, body.validUntil)
    }

    private mutating func add(_ loop: Loop, _ value: Value) throws(Fault) {
        let last = iterations.count - 1
        switch loop.kind {
        case .existsOne: iterations[last].found += 1
        case .transformMap:
            guard case .value(let key) = locals[loop.variables[0]].content else { return }
            iterations[last].entries.append(MapValue.Entry(key: key, value: value))
        default: iterations[last].elements.append(value)
        }
    }

    // MARK: Optional values

    private mutating func unwrap(_ local: Int, _ end: Int) {
        switch top[-1].content {
        case .value(.optional(let optional)):
            guard let value = optional.value else { return next = end }
            locals[local] = Slot(value, pop().validUntil)
        case .value(let value):
            drop()
            push(fault(.noSuchOverload, "\(value.typeName) is not optional"))
            next = end
        case .fault: next = end
        }
    }

    private mutating func wrap(_ local: Int, _ isFlat: Bool) {
        let validUntil = min(top[-1].validUntil, locals[local].validUntil)
        if case .value(let value) = top[-1].content {
            if isFlat {
                guard case .optional = value else {
                    top[-1] = fault(.noSuchOverload, "optFlatMap needs an optional value, not \(value.typeName)")
                    return
                }
            } else {
                top[-1].content = .value(.optional(of: value))
            }
        }
        top[-1].validUntil = validUntil
    }
}
