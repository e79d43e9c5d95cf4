import Model

extension Machine {
    /// A macro on its way through its range.
    struct Iteration {
        /// The elements of a list, or the entries of a map.
        var list: [Value] = []
        var entries: [MapValue.Entry] = []
        let isList: Bool
        var index = 0
        var validUntil: Timestamp
        /// What has been made: elements, or entries.
        var made: [Value] = []
        var madeEntries: [MapValue.Entry] = []
        var found = 0
        /// The first error of `all` and `exists`, which a deciding element still overrides.
        var fault: Fault?

        var count: Int { isList ? list.count : entries.count }

        /// The element, or the key, that was taken last.
        var current: Value { isList ? list[index - 1] : entries[index - 1].key }
    }

    mutating func loop(_ operation: Operation) throws(Fault) {
        switch operation {
        case .iterate(let number): try begin(program.loops.base + number)
        case .keep(let number): keep(program.loops.base + number)
        case .bind(let local): locals[local] = pop()
        case .unwrap(let local, let end): unwrap(local, end)
        case .wrap(let local, let isFlat): wrap(local, isFlat)
        default: preconditionFailure("not an operation of a macro")
        }
    }

    private mutating func begin(_ loop: UnsafePointer<Loop>) throws(Fault) {
        let range = pop()
        switch range.content {
        case .fault:
            push(range)
            next = loop.pointee.end
        case .value(.list(let elements)):
            iterations.append(Iteration(list: elements, isList: true, validUntil: range.validUntil))
        case .value(.map(let map)):
            try steps.spend(map.count)
            iterations.append(Iteration(entries: map.entries, isList: false, validUntil: range.validUntil))
        case .value(let value):
            push(fault(.noSuchOverload, "a macro goes through list or map, not \(value.typeName)"))
            next = loop.pointee.end
        }
    }

    mutating func advance(_ loop: UnsafePointer<Loop>) throws(Fault) {
        let last = iterations.count - 1
        let index = iterations[last].index
        guard index < iterations[last].count else { return finish(loop) }
        iterations[last].index = index + 1
        let element = loop.pointee.element
        if iterations[last].isList {
            locals[element] = Slot(iterations[last].list[index])
            if let key = loop.pointee.key { locals[key] = Slot(.int(Int64(index))) }
        } else if let key = loop.pointee.key {
            locals[key] = Slot(iterations[last].entries[index].key)
            locals[element] = Slot(iterations[last].entries[index].value)
        } else {
            locals[element] = Slot(iterations[last].entries[index].key)
        }
    }

    /// Leaves the result of an iteration that has come to its end.
    private mutating func finish(_ loop: UnsafePointer<Loop>) {
        let iteration = iterations.removeLast()
        next = loop.pointee.end
        if let fault = iteration.fault { return push(Slot(.fault(fault), iteration.validUntil)) }
        let result: Value =
            switch loop.pointee.kind {
            case .all: .bool(true)
            case .exists: .bool(false)
            case .existsOne: .bool(iteration.found == 1)
            case .filter, .map: .list(iteration.made)
            case .transformMap: .map(MapValue(entries: iteration.madeEntries))
            }
        push(Slot(result, iteration.validUntil))
    }

    /// Ends an iteration with a result of its own.
    private mutating func leave(_ loop: UnsafePointer<Loop>, _ content: Content, _ validUntil: Timestamp) {
        iterations.removeLast()
        next = loop.pointee.end
        push(Slot(content, validUntil))
    }

    private mutating func keep(_ loop: UnsafePointer<Loop>) {
        let condition = pop()
        let last = iterations.count - 1
        iterations[last].validUntil = min(iterations[last].validUntil, condition.validUntil)
        switch condition.bool {
        case true: break
        case false: next = loop.pointee.start
        case nil: leave(loop, self.condition(condition), iterations[last].validUntil)
        }
    }

    mutating func collect(_ loop: UnsafePointer<Loop>) throws(Fault) {
        let body = pop()
        let last = iterations.count - 1
        next = loop.pointee.start
        if let holds = body.bool, body.validUntil == .distantFuture, holds == (loop.pointee.kind == .all),
            loop.pointee.kind == .all || loop.pointee.kind == .exists
        {
            return
        }
        switch loop.pointee.kind {
        case .all, .exists:
            if body.bool == (loop.pointee.kind == .exists) {
                return leave(loop, body.content, min(body.validUntil, iterations[last].validUntil))
            }
            if case .fault(let fault) = condition(body) { iterations[last].fault = iterations[last].fault ?? fault }
        case .existsOne, .filter:
            guard let holds = body.bool else {
                return leave(loop, condition(body), min(body.validUntil, iterations[last].validUntil))
            }
            if holds { add(loop, iterations[last].current) }
        case .map, .transformMap:
            guard case .value(let value) = body.content else {
                return leave(loop, body.content, min(body.validUntil, iterations[last].validUntil))
            }
            add(loop, value)
        }
        iterations[last].validUntil = min(iterations[last].validUntil, body.validUntil)
    }

    private mutating func add(_ loop: UnsafePointer<Loop>, _ value: Value) {
        let last = iterations.count - 1
        switch loop.pointee.kind {
        case .existsOne: iterations[last].found += 1
        case .transformMap:
            guard let local = loop.pointee.key, case .value(let key) = locals[local].content else { return }
            iterations[last].madeEntries.append(MapValue.Entry(key: key, value: value))
        default: iterations[last].made.append(value)
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
