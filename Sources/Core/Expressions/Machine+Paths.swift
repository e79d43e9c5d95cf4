import Model

/// Fields of the contact and of the event: read in place, without the maps on the way becoming values.
extension Machine {
    /// The value at a path.
    @inline(__always)
    mutating func load(_ number: Int) throws(Fault) -> Value {
        let path = program.tables.paths[number]
        var value = try root(of: path)
        for field in path.fields {
            guard case .map(let map) = value else { throw noFields(value, path, field) }
            switch map.storage {
            case .record(let record):
                guard let found = record[program.tables.fields[field]] else { throw noKey(path, field) }
                value = found
            case .object(let members):
                return try load(members, path, from: field)
            case .entries:
                guard let found = map.field(program.tables.fields[field]) else { throw noKey(path, field) }
                value = found
            }
        }
        return value
    }

    /// The rest of a path through JSON.
    private mutating func load(_ members: [String: JSON], _ path: FieldPath, from first: Int) throws(Fault) -> Value {
        guard var json = members[program.tables.fields[first].text] else { throw noKey(path, first) }
        for field in (first + 1)..<max(first + 1, path.fields.upperBound) {
            guard case .object(let members) = json else { throw noFields(Value(json), path, field) }
            guard let found = members[program.tables.fields[field].text] else { throw noKey(path, field) }
            json = found
        }
        return try value(of: json)
    }

    private mutating func root(of path: FieldPath) throws(Fault) -> Value {
        switch path.root {
        case .contact:
            if let contact { return contact }
            let value = world.contactValue
            contact = value
            return value
        case .event:
            if let event { return event }
            guard let value = world.eventValue else {
                throw Fault(.unavailable, "there is no event here", offset: path.offsets[0])
            }
            event = value
            return value
        }
    }

    /// `has(contact.a.b)`: every field but the last must be there.
    mutating func hasField(_ number: Int) throws(Fault) -> Bool {
        let path = program.tables.paths[number]
        var value = try root(of: path)
        for field in path.fields.dropLast() {
            guard case .map(let map) = value else { throw noFields(value, path, field) }
            guard let found = map.field(program.tables.fields[field]) else { throw noKey(path, field) }
            value = found
        }
        return try value.has(program.tables.fields[path.fields.upperBound - 1])
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

    private func noKey(_ path: FieldPath, _ field: Int) -> Fault {
        Fault(
            .noSuchKey, "no such key '\(program.tables.fields[field].text)'",
            offset: path.offset(of: field))
    }

    private func noFields(_ value: Value, _ path: FieldPath, _ field: Int) -> Fault {
        Fault(
            .noSuchOverload, "\(value.typeName) has no fields", offset: path.offset(of: field))
    }

    // MARK: A path beside a constant

    @inline(__always)
    mutating func compare(_ symbol: BinaryOperator, _ path: Int, _ constant: Int) throws(Fault) {
        try settle { (machine) throws(Fault) in
            let value = try machine.load(path)
            return .bool(try Self.holds(symbol, value, machine.program.tables.constants[constant], &machine.steps))
        }
    }

    @inline(__always)
    mutating func test(_ function: BuiltinFunction, _ path: Int, _ constant: Int) throws(Fault) {
        try settle { (machine) throws(Fault) in
            let value = try machine.load(path)
            guard case .string(let text) = value, case .string(let part) = machine.program.tables.constants[constant]
            else {
                throw Fault(.noSuchOverload, "\(function) is not defined on \(value.typeName)")
            }
            return .bool(try function.find(part, in: text, &machine.steps))
        }
    }
}
