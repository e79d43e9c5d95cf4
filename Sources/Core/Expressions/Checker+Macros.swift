extension Checker {
    static let macros = [
        "all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap", "optMap",
        "optFlatMap",
    ]

    /// nil when the call is none of a macro.
    mutating func macro(_ call: Call) throws(ExpressionError) -> ValueType? {
        guard let target = call.target else { return nil }
        if case .identifier("cel") = tree[target].kind, local("cel") == nil { return try binding(call) }
        let count = call.arguments.count
        switch (call.name, count) {
        case ("all", 2...3): return try loop(.all, call, variables: count - 1)
        case ("exists", 2...3): return try loop(.exists, call, variables: count - 1)
        case ("exists_one", 2...3), ("existsOne", 2...3): return try loop(.existsOne, call, variables: count - 1)
        case ("filter", 2): return try loop(.filter, call, variables: 1)
        case ("map", 2...3): return try loop(.map, call, variables: 1)
        case ("transformList", 3...4): return try loop(.map, call, variables: 2)
        case ("transformMap", 3...4): return try loop(.transformMap, call, variables: 2)
        case ("optMap", 2), ("optFlatMap", 2): return try optional(call, on: target)
        default: return nil
        }
    }

    // MARK: Loops

    private mutating func loop(
        _ kind: Loop.Kind, _ call: Call, variables count: Int
    ) throws(ExpressionError) -> ValueType {
        let range = try check(call.target!)
        let types = try elementTypes(of: range, pair: count == 2, at: call.offset)
        var loop = Loop(kind: kind)
        let outer = locals.count
        for (argument, type) in zip(call.arguments.prefix(count), types) {
            let name = try variableName(argument)
            guard !locals[outer...].contains(where: { $0.name == name }) else {
                throw error("'\(name)' comes twice", at: tree[argument].offset)
            }
            if count == 2, locals.count == outer {
                loop.key = declare(name, type)
            } else {
                loop.element = declare(name, type)
            }
        }
        let number = program.tables.loops.count
        program.tables.loops.append(loop)
        program.emit(.iterate(number), at: call.offset)
        loop.start = program.operations.count
        program.emit(.next(number), at: call.offset)
        if call.arguments.count > count + 1 {
            try condition(call.arguments[count], of: call)
            program.emit(.keep(number), at: call.offset)
        }
        let body = try check(call.arguments.last!)
        program.emit(.collect(number), at: call.offset)
        loop.end = program.operations.count
        program.tables.loops[number] = loop
        locals.removeSubrange(outer...)
        if kind != .map, kind != .transformMap {
            try require(.bool, body, of: call.name, at: tree[call.arguments.last!].offset)
        }
        return Self.result(of: kind, range: range, body: body)
    }

    private static func result(of kind: Loop.Kind, range: ValueType, body: ValueType) -> ValueType {
        switch (kind, range) {
        case (.filter, .list(let element)), (.filter, .map(let element, _)): .list(element)
        case (.filter, _): .list(range.isDynamic ? range : .dyn)
        case (.map, _): .list(body)
        case (.transformMap, .map(let key, _)): .map(key: key, value: body)
        case (.transformMap, .list): .map(key: .int, value: body)
        case (.transformMap, _): .map(key: .dyn, value: body)
        default: .bool
        }
    }

    private mutating func condition(_ id: Int, of call: Call) throws(ExpressionError) {
        try require(.bool, check(id), of: call.name, at: tree[id].offset)
    }

    /// The types of the variables: the element or the key; with two, the index or the key and the value.
    private func elementTypes(
        of range: ValueType, pair: Bool, at offset: Int
    ) throws(ExpressionError) -> [ValueType] {
        switch range {
        case .list(let element): return pair ? [.int, element] : [element]
        case .map(let key, let value): return pair ? [key, value] : [key]
        case .dyn, .json, .free: return pair ? [.dyn, range] : [range]
        default: throw error("a macro goes through list or map, not \(range)", at: offset)
        }
    }

    private mutating func declare(_ name: String, _ type: ValueType) -> Int {
        let local = Local(name: name, number: program.newLocal(), type: type)
        locals.append(local)
        return local.number
    }

    private func variableName(_ id: Int) throws(ExpressionError) -> String {
        switch tree[id].kind {
        case .identifier(let name) where !name.hasPrefix("."): return name
        case .call(let name, let target?, let arguments):
            if case .identifier("cel") = tree[target].kind, name == "iterVar" || name == "accuVar" {
                return generatedName(name, arguments)
            }
        default: break
        }
        throw error("a macro needs the name of a variable here", at: tree[id].offset)
    }

    /// `cel.iterVar(0, 1)`, a name as optimisers write it.
    private func generatedName(_ name: String, _ arguments: [Int]) -> String {
        let numbers = arguments.map { id -> String in
            if case .literal(.int(let number)) = tree[id].kind { "\(number)" } else { "?" }
        }
        return "@\(name):" + numbers.joined(separator: ":")
    }

    // MARK: Bindings

    /// `cel.bind(name, value, expression)`, and `cel.block([values], expression)` with `cel.index(n)`.
    private mutating func binding(_ call: Call) throws(ExpressionError) -> ValueType? {
        switch (call.name, call.arguments.count) {
        case ("bind", 3):
            let type = try check(call.arguments[1])
            let local = declare(try variableName(call.arguments[0]), type)
            program.emit(.bind(local), at: call.offset)
            defer { locals.removeLast() }
            return try check(call.arguments[2])
        case ("block", 2):
            guard case .list(let elements) = tree[call.arguments[0]].kind else { return nil }
            let outer = locals.count
            for (number, element) in elements.enumerated() {
                let type = try check(element.value)
                program.emit(.bind(declare("@index:\(number)", type)), at: call.offset)
            }
            defer { locals.removeSubrange(outer...) }
            return try check(call.arguments[1])
        case ("index", 1), ("iterVar", _), ("accuVar", _):
            guard let local = local(generatedName(call.name, call.arguments)) else { return nil }
            program.emit(.local(local.number), at: call.offset)
            return local.type
        default: return nil
        }
    }

    /// `a.optMap(x, f(x))`
    private mutating func optional(_ call: Call, on target: Int) throws(ExpressionError) -> ValueType {
        let type = try check(target)
        var held = type
        if case .optional(let value) = type { held = value }
        guard held != type || type.isDynamic else {
            throw error("\(call.name) needs an optional value, not \(type)", at: tree[target].offset)
        }
        let isFlat = call.name == "optFlatMap"
        let local = declare(try variableName(call.arguments[0]), held)
        let unwrap = program.operations.count
        program.emit(.unwrap(local, to: 0), at: call.offset)
        let body = try check(call.arguments[1])
        locals.removeLast()
        program.emit(.wrap(local, isFlat: isFlat), at: call.offset)
        program.operations[unwrap] = .unwrap(local, to: program.operations.count)
        guard isFlat else { return .optional(body) }
        guard body.fits(.optional(.dyn)) else {
            throw error("optFlatMap needs an optional value, not \(body)", at: tree[call.arguments[1]].offset)
        }
        return body
    }
}
