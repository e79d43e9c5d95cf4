import Model

/// Fields of the contact and of the event: read in place, without the maps on the way becoming values.
extension Machine {
    /// Where the value at a path lies, when it leads through records all the way; nil otherwise, and where there is none.
    @inline(__always)
    func find(_ path: FieldPath) -> UnsafePointer<Value>? {
        guard var record = path.root == .contact ? contactRecord : eventRecord else { return nil }
        let last = path.fields.upperBound - 1
        var field = path.fields.lowerBound
        while field <= last {
            guard let found = record._withUnsafeGuaranteedRef({ $0.find(program.fields.base + field) }) else {
                return nil
            }
            if field == last {
                return UnsafeRawPointer(found).advanced(by: Self.valueOffset).assumingMemoryBound(to: Value.self)
            }
            guard let inner = found.pointee.inner else { return nil }
            record = inner
            field += 1
        }
        return nil
    }

    private static var valueOffset: Int { MemoryLayout<Record.Field>.offset(of: \.value)! }

    /// The value at a path.
    mutating func load(_ number: Int) throws(Fault) -> Value {
        let path = program.paths.base[number]
        if let found = find(path) { return found.pointee }
        var value = try root(of: path)
        var field = path.fields.lowerBound
        while field < path.fields.upperBound {
            guard case .map(let map) = value else { throw noFields(value, path, field) }
            if case .object(let members) = map.storage { return try load(members, path, from: field) }
            guard let found = map.field(program.fields.base[field]) else { throw noKey(path, field) }
            value = found
            field += 1
        }
        return value
    }

    /// The rest of a path through JSON.
    private mutating func load(_ members: [String: JSON], _ path: FieldPath, from first: Int) throws(Fault) -> Value {
        guard var json = members[program.fields.base[first].text] else { throw noKey(path, first) }
        for field in (first + 1)..<max(first + 1, path.fields.upperBound) {
            guard case .object(let members) = json else { throw noFields(Value(json), path, field) }
            guard let found = members[program.fields.base[field].text] else { throw noKey(path, field) }
            json = found
        }
        return try value(of: json)
    }

    @inline(__always)
    private func root(of path: FieldPath) throws(Fault) -> Value {
        if path.root == .contact { return contact }
        if let event { return event }
        throw Fault(.unavailable, "there is no event here", offset: program.tables.pathOffsets[path.offsets][0])
    }

    /// `has(contact.a.b)`: every field but the last must be there.
    mutating func hasField(_ number: Int) throws(Fault) -> Bool {
        let path = program.paths.base[number]
        if find(path) != nil { return true }
        if path.fields.count == 1, (path.root == .contact ? contactRecord : eventRecord) != nil { return false }
        var value = try root(of: path)
        for field in path.fields.dropLast() {
            guard case .map(let map) = value else { throw noFields(value, path, field) }
            guard let found = map.field(program.fields.base[field]) else { throw noKey(path, field) }
            value = found
        }
        return try value.has(program.fields.base[path.fields.upperBound - 1])
    }

    /// What is large in JSON costs steps when it becomes a value.
    private mutating func value(of json: JSON) throws(Fault) -> Value {
        guard case .array(let elements) = json else { return Value(json) }
        try steps.spend(elements.count / 8)
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try value(of: element)) }
        return .list(values)
    }

    @inline(never)
    private func noKey(_ path: FieldPath, _ field: Int) -> Fault {
        Fault(.noSuchKey, "no such key '\(program.fields.base[field].text)'", offset: offset(of: field, path))
    }

    @inline(never)
    private func noFields(_ value: Value, _ path: FieldPath, _ field: Int) -> Fault {
        Fault(.noSuchOverload, "\(value.typeName) has no fields", offset: offset(of: field, path))
    }

    private func offset(of field: Int, _ path: FieldPath) -> Int {
        program.tables.pathOffsets[path.offsets][field - path.fields.lowerBound + 1]
    }

    // MARK: A path beside a constant

    @inline(__always)
    mutating func compare(_ symbol: BinaryOperator, _ path: Int, _ constant: Int) throws(Fault) {
        let constant = program.constants.base + constant
        if let value = find(program.paths.base[path]) { return try compare(symbol, value, constant) }
        try settle { (machine) throws(Fault) in
            .bool(try Self.holds(symbol, machine.load(path), constant.pointee, &machine.steps))
        }
    }

    @inline(__always)
    mutating func compare(
        _ symbol: BinaryOperator, _ value: UnsafePointer<Value>, _ constant: UnsafePointer<Value>
    ) throws(Fault) {
        // One after the other, for a pair would be a copy of both.
        switch constant.pointee {
        case .string(let right):
            guard symbol == .equal || symbol == .notEqual, case .string(let left) = value.pointee else { break }
            return push(condition: left.hasSameScalars(as: right) == (symbol == .equal))
        case .int(let right):
            if case .int(let left) = value.pointee, let holds = symbol.holds(left, right) {
                return push(condition: holds)
            }
        case .double(let right):
            if case .double(let left) = value.pointee, let holds = symbol.holds(left, right) {
                return push(condition: holds)
            }
        case .list(let elements):
            guard symbol == .within, case .string(let left) = value.pointee, elements.count < 16 else { break }
            return push(condition: elements.contains(text: left))
        default: break
        }
        do throws(Fault) {
            push(condition: try Self.holds(symbol, value.pointee, constant.pointee, &steps))
        } catch {
            if error.code == .budget { throw error }
            push(Slot(.fault(placed(error))))
        }
    }

    @inline(__always)
    mutating func test(_ function: BuiltinFunction, _ path: Int, _ constant: Int) throws(Fault) {
        let constant = program.constants.base + constant
        if let value = find(program.paths.base[path]) { return try test(function, value, constant) }
        try settle { (machine) throws(Fault) in
            try machine.holds(function, machine.load(path), constant.pointee)
        }
    }

    @inline(__always)
    mutating func test(
        _ function: BuiltinFunction, _ value: UnsafePointer<Value>, _ constant: UnsafePointer<Value>
    ) throws(Fault) {
        if case .string(let text) = value.pointee, case .string(let part) = constant.pointee, text.utf8.count < 64 {
            return push(condition: function.find(part, in: text))
        }
        try settle { (machine) throws(Fault) in try machine.holds(function, value.pointee, constant.pointee) }
    }

    // MARK: A variable beside a constant

    mutating func compare(_ symbol: BinaryOperator, local: Int, _ constant: Int) throws(Fault) {
        let constant = program.constants.base + constant
        guard case .value(let value) = locals[local].content, locals[local].validUntil == .distantFuture else {
            push(locals[local])
            push(Slot(constant.pointee))
            return try binary(symbol, false)
        }
        try withUnsafePointer(to: value) { (value) throws(Fault) in try compare(symbol, value, constant) }
    }

    mutating func test(_ function: BuiltinFunction, local: Int, _ constant: Int) throws(Fault) {
        let constant = program.constants.base + constant
        guard case .value(let value) = locals[local].content, locals[local].validUntil == .distantFuture else {
            push(locals[local])
            push(Slot(constant.pointee))
            return try call(function, 2)
        }
        try withUnsafePointer(to: value) { (value) throws(Fault) in try test(function, value, constant) }
    }

    private mutating func holds(_ function: BuiltinFunction, _ value: Value, _ constant: Value) throws(Fault) -> Value {
        guard case .string(let text) = value, case .string(let part) = constant else {
            throw Fault(.noSuchOverload, "\(function) is not defined on \(value.typeName)")
        }
        try steps.spend((text.utf8.count + part.utf8.count) / 64)
        return .bool(function.find(part, in: text))
    }

    /// Leaves a condition that holds for ever, and does at once what follows it in a chain.
    @inline(__always)
    mutating func push(condition: Bool) {
        guard next < program.operations.count else { return push(Slot(.bool(condition))) }
        switch program.operations.base[next] {
        case .decide(let neutral, let end):
            push(Slot(.bool(condition)))
            next = condition == neutral ? next + 1 : end
        case .join(let neutral, let end):
            if condition != neutral {
                top[-1] = Slot(.bool(condition))
                next = end
            } else if top[-1].bool != nil {
                next += 1
            } else {
                push(Slot(.bool(condition)))
            }
        default: push(Slot(.bool(condition)))
        }
    }
}

extension [Value] {
    @inline(__always)
    fileprivate func contains(text: String) -> Bool {
        for index in indices {
            if case .string(let other) = self[index], other.hasSameScalars(as: text) { return true }
        }
        return false
    }
}

extension BinaryOperator {
    /// A comparison of two of a kind; nil for `in`.
    @inline(__always)
    fileprivate func holds<T: Comparable>(_ left: T, _ right: T) -> Bool? {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        default: nil
        }
    }
}
