import Model

extension Checker {
    struct Call {
        var name: String
        var target: Int?
        var arguments: [Int]
        var offset: Int
    }

    mutating func call(_ call: Call) throws(ExpressionError) -> ValueType {
        if let type = try macro(call) { return type }
        if let target = call.target { return try method(call, on: target) }
        if !isStandard, let type = try loods(call) { return type }
        if call.name == "has" { return try has(call) }
        guard let overloads = FunctionCatalog.functions[call.name] else { return try declared(call) }
        if let type = try constant(call, call.arguments) { return type }
        return try apply(call, overloads, to: call.arguments)
    }

    private mutating func method(_ call: Call, on target: Int) throws(ExpressionError) -> ValueType {
        if let namespace = qualifiedName(target) {
            let name = "\(namespace).\(call.name)"
            if let overloads = FunctionCatalog.functions[name] {
                return try apply(call, overloads, to: call.arguments)
            }
            if !isStandard, namespace == "run" { return try runCall(call) }
        }
        guard let overloads = FunctionCatalog.methods[call.name] else { return try declared(call) }
        let operands = [target] + call.arguments
        if let type = try constant(call, operands) { return type }
        return try apply(call, overloads, to: operands)
    }

    // MARK: Overloads

    private mutating func apply(
        _ call: Call, _ overloads: [Overload], to operands: [Int]
    ) throws(ExpressionError) -> ValueType {
        if [.greatest, .least].contains(overloads[0].function), operands.count > 1 {
            return try extreme(call, overloads[0].function, operands)
        }
        let fitting = overloads.filter { $0.parameters.count == operands.count }
        guard !fitting.isEmpty else { return try refuseCount(call, overloads, operands.count) }
        var types: [ValueType] = []
        for operand in operands { types.append(try check(operand)) }
        let matching = fitting.filter { zip(types, $0.parameters).allSatisfy { $0.fits($1) } }
        guard let first = matching.first else { throw mismatch(call, fitting, types, operands) }
        program.emit(.call(first.function, operands.count), at: call.offset)
        let answers = Set(matching.map { $0.answer(to: types) })
        return answers.count == 1 ? answers.first! : .dyn
    }

    /// Any number of operands are a list.
    private mutating func extreme(
        _ call: Call, _ function: BuiltinFunction, _ operands: [Int]
    ) throws(ExpressionError) -> ValueType {
        var common = ValueType.free
        for operand in operands {
            let type = try check(operand)
            guard type.isDynamic || type.isNumeric else {
                throw error("\(call.name) needs numbers, not \(type)", at: tree[operand].offset)
            }
            common = common.joined(with: type)
        }
        program.emit(.list(operands.count, optionals: -1), at: call.offset)
        program.emit(.call(function, 1), at: call.offset)
        return common
    }

    private func mismatch(
        _ call: Call, _ overloads: [Overload], _ types: [ValueType], _ operands: [Int]
    ) -> ExpressionError {
        // The first operand that none of the overloads takes, else the last.
        let place =
            types.indices.first { place in !overloads.contains { types[place].fits($0.parameters[place]) } }
            ?? types.count - 1
        let needed = overloads.map { $0.parameters[place].outline }
        let unique = needed.indices.filter { needed.firstIndex(of: needed[$0]) == $0 }.map { needed[$0] }
        let list =
            unique.count < 2 ? unique.joined() : unique.dropLast().joined(separator: ", ") + " or " + unique.last!
        return error("\(call.name) needs \(list), not \(types[place])", at: tree[operands[place]].offset)
    }

    private mutating func refuseCount(
        _ call: Call, _ overloads: [Overload], _ count: Int
    ) throws(ExpressionError) -> ValueType {
        let isMethod = call.target != nil && FunctionCatalog.methods[call.name] != nil && count > call.arguments.count
        let wanted = overloads[0].parameters.count - (isMethod ? 1 : 0)
        guard declarations.isChecked else { return nowhere(call) }
        throw countError(call, wanted)
    }

    /// A function that does not exist: without a check an error when it is called.
    private mutating func nowhere(_ call: Call) -> ValueType {
        program.emit(fault: Fault(.noSuchOverload, "there is no such function '\(call.name)'"), at: call.offset)
        return .dyn
    }

    private mutating func declared(_ call: Call) throws(ExpressionError) -> ValueType {
        if call.target == nil, let functions = declarations.functions[call.name] {
            var types: [ValueType] = []
            for argument in call.arguments { types.append(try check(argument)) }
            program.emit(fault: Fault(.noSuchOverload, "'\(call.name)' is only declared"), at: call.offset)
            if let type = functions.lazy.compactMap({ $0.answer(to: types) }).first { return type }
        }
        guard declarations.isChecked else { return nowhere(call) }
        throw unknownFunction(call)
    }

    /// `has(a.b)`: whether the map has the field, without an error when it has not.
    private mutating func has(_ call: Call) throws(ExpressionError) -> ValueType {
        let operand = try argument(call)
        guard case .select(let map, let field, let isOptional) = tree[operand].kind, !isOptional else {
            throw error(
                "has needs a field, such as has(contact.plan)", at: tree[operand].offset,
                help: "for other keys: \"first name\" in contact")
        }
        if let path = try pathNumber(operand) {
            program.emit(.hasPath(path), at: call.offset)
            return .bool
        }
        switch try check(map) {
        case .dyn, .json, .free, .map, .optional: break
        case let type: throw error("\(type) has no fields", at: tree[operand].offset)
        }
        program.emit(.has(program.number(of: field)), at: call.offset)
        return .bool
    }

    // MARK: Arguments

    /// The text of an argument that must be known before the expression runs.
    func literalName(_ id: Int, of function: String, what: String) throws(ExpressionError) -> String {
        guard case .literal(.string(let name)) = tree[id].kind, !name.isEmpty else {
            throw error("\(function) needs \(what) as a literal string", at: tree[id].offset)
        }
        return name
    }

    func countError(_ call: Call, _ count: Int) -> ExpressionError {
        let wanted = count == 0 ? "no arguments" : count == 1 ? "one argument" : "\(count) arguments"
        return error("\(call.name) takes \(wanted), not \(call.arguments.count)", at: call.offset)
    }

    func argument(_ call: Call) throws(ExpressionError) -> Int {
        guard call.arguments.count == 1 else { throw countError(call, 1) }
        return call.arguments[0]
    }
}

extension ValueType {
    /// The type without what it holds.
    fileprivate var outline: String {
        switch self {
        case .list: "list"
        case .map: "map"
        case .optional: "an optional value"
        default: description
        }
    }
}
