extension Checker {
    /// A variable, a field or an element.
    mutating func reference(_ id: Int, at offset: Int) throws(ExpressionError) -> ValueType {
        if let type = try path(id, at: offset) { return type }
        if let name = qualifiedName(id), let type = try variable(name, at: offset) { return type }
        switch tree[id].kind {
        case .identifier(let name): return try unresolved(name, at: offset)
        case .select(let operand, let field, let isOptional):
            noteAnswer(operand, field)
            let type = try check(operand)
            let number = program.number(of: field)
            program.emit(isOptional ? .optionalSelect(number) : .select(number), at: offset)
            return try member(of: type, keyedBy: .string, isOptional: isOptional, at: offset)
        case .index(let operand, let key, let isOptional):
            if case .literal(.string(let step)) = tree[key].kind { noteAnswer(operand, step) }
            let type = try check(operand)
            let keyType = try check(key)
            program.emit(isOptional ? .optionalIndex : .index, at: offset)
            return try element(of: type, keyedBy: keyType, key: key, isOptional: isOptional, at: offset)
        default: preconditionFailure("not a reference")
        }
    }

    /// The dotted name that a chain of selections spells, unless it begins with the variable of a macro, which hides all
    /// names but itself.
    func qualifiedName(_ id: Int) -> String? {
        switch tree[id].kind {
        case .identifier(let name): return local(name) == nil ? name : nil
        case .select(let operand, let field, isOptional: false):
            return qualifiedName(operand).map { "\($0).\(field)" }
        default: return nil
        }
    }

    func local(_ name: String) -> Local? { locals.last { $0.name == name } }

    /// The variable that holds what a run's steps were answered.
    private static let answers = "answers"
    static let persona = "persona"
    /// What is known when a mail is opened.
    private static let opening: [String: ValueType] = [
        "device": .string, "place": .map(key: .string, value: .json), "time": .string, "date": .string,
        "weekday": .string, "language": .string, "live": .json,
    ]

    /// Notes of which step's answer is asked for, where the expression says it.
    private mutating func noteAnswer(_ operand: Int, _ step: String) {
        guard case .identifier(Self.answers) = tree[operand].kind, local(Self.answers) == nil else { return }
        program.mentions.answers.insert(step)
    }

    // MARK: Variables

    private mutating func variable(_ name: String, at offset: Int) throws(ExpressionError) -> ValueType? {
        for candidate in declarations.candidates(for: name) {
            if let type = declarations.variables[candidate] {
                program.emit(.variable(program.tables.variables.count), at: offset)
                program.tables.variables.append(candidate)
                return type
            }
            if Declarations.types.contains(candidate) {
                program.emit(constant: .type(candidate), at: offset)
                return .type
            }
        }
        if name == Self.answers, declarations.scope?.contains(.run) == true {
            program.emit(.variable(program.tables.variables.count), at: offset)
            program.tables.variables.append(name)
            return .map(key: .string, value: .json)
        }
        if name == Self.persona, declarations.scope?.contains(.content) == true {
            program.mentions.persona = true
            program.emit(.variable(program.tables.variables.count), at: offset)
            program.tables.variables.append(name)
            return .string
        }
        if let type = Self.opening[name], declarations.scope?.contains(.opening) == true {
            program.mentions.opening.insert(name)
            program.emit(.variable(program.tables.variables.count), at: offset)
            program.tables.variables.append(name)
            return type
        }
        guard declarations.scope != nil, name == "stage" else { return nil }
        program.mentions.stage = true
        program.emit(.stage, at: offset)
        return .string
    }

    private mutating func unresolved(_ name: String, at offset: Int) throws(ExpressionError) -> ValueType {
        if let local = local(name) {
            program.emit(.local(local.number), at: offset)
            return local.type
        }
        guard isStandard else { throw unknownVariable(name, at: offset) }
        guard declarations.isChecked else {
            program.emit(fault: Fault(.unavailable, "there is no '\(name)'"), at: offset)
            return .dyn
        }
        throw error("unknown name '\(name)'", at: offset)
    }

    private func unknownVariable(_ name: String, at offset: Int) -> ExpressionError {
        if name == "run" {
            return error("'run' stands only before a function: run.did(…), run.count(…), run.sum(…)", at: offset)
        }
        if name == "now" {
            return error(
                "there is no 'now'", at: offset, help: "did, count and sum take a window: did(\"…\", \"7d\")")
        }
        if Self.isFunction(name) {
            return error("'\(name)' is a function", at: offset, help: "call it: \(name)(…)")
        }
        let known =
            ["contact", "stage"] + (declarations.scope?.contains(.event) == true ? ["event"] : [])
            + (declarations.scope?.contains(.content) == true ? [Self.persona] : [])
            + (declarations.scope?.contains(.opening) == true ? Self.opening.keys.sorted() : [])
        return error(
            "unknown name '\(name)'", at: offset,
            help: Spelling.help(for: name, among: known, called: "variables"))
    }

    // MARK: Paths

    /// Fields of the contact or of the event, found in one step.
    private mutating func path(_ id: Int, at offset: Int) throws(ExpressionError) -> ValueType? {
        guard let path = try pathNumber(id) else { return nil }
        program.emit(.path(path), at: offset)
        return program.tables.paths[path].fields.isEmpty ? .map(key: .string, value: .json) : .json
    }

    /// The number of the path that a chain of fields spells; nil when it is none.
    mutating func pathNumber(_ id: Int) throws(ExpressionError) -> Int? {
        guard declarations.scope != nil, let (root, fields) = try steps(id) else { return nil }
        let names = fields.dropFirst()
        if root == .event { program.mentions.addEvent(names.first?.name) }
        let start = program.tables.fields.count
        for field in names { program.tables.fields.append(FieldName(field.name)) }
        program.tables.paths.append(
            FieldPath(root: root, fields: start..<start + names.count, offsets: program.tables.paths.count))
        program.tables.pathOffsets.append(fields.map(\.offset))
        return program.tables.paths.count - 1
    }

    /// The root, and then the fields.
    private typealias Step = (name: String, offset: Int)

    private mutating func steps(_ id: Int) throws(ExpressionError) -> (FieldPath.Root, [Step])? {
        let offset = tree[id].offset
        switch tree[id].kind {
        case .identifier(let name): return try root(name, at: offset).map { ($0, [(name, offset)]) }
        case .select(let operand, let field, isOptional: false):
            return try steps(operand).map { ($0.0, $0.1 + [(field, offset)]) }
        case .index(let operand, let key, isOptional: false):
            guard case .literal(.string(let field)) = tree[key].kind else { return nil }
            return try steps(operand).map { ($0.0, $0.1 + [(field, offset)]) }
        default: return nil
        }
    }

    private mutating func root(_ name: String, at offset: Int) throws(ExpressionError) -> FieldPath.Root? {
        guard local(name) == nil else { return nil }
        switch name {
        case "contact":
            program.mentions.contact = true
            return .contact
        case "event":
            guard declarations.scope?.contains(.event) == true else {
                throw error("there is no event here", at: offset, help: "did(\"…\") asks about the past")
            }
            program.mentions.event = true
            return .event
        default: return nil
        }
    }

    // MARK: Members

    func member(
        of type: ValueType, keyedBy key: ValueType, isOptional: Bool, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        switch type {
        case .dyn, .json, .free: return isOptional ? .optional(type) : type
        case .map(let keyType, let value):
            guard key.isComparable(with: keyType) else {
                throw error("the keys of this map are \(keyType), not \(key)", at: offset)
            }
            return isOptional ? .optional(value) : value
        case .optional(let held):
            let member = try member(of: held, keyedBy: key, isOptional: true, at: offset)
            return member
        default: throw error("\(type) has no fields", at: offset)
        }
    }

    private func element(
        of type: ValueType, keyedBy keyType: ValueType, key: Int, isOptional: Bool, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        switch type {
        case .optional(let held):
            return try element(of: held, keyedBy: keyType, key: key, isOptional: true, at: offset)
        case .list(let element):
            guard keyType.isDynamic || keyType.isNumeric else {
                throw error("the index of a list is a number, not \(keyType)", at: tree[key].offset)
            }
            return isOptional ? .optional(element) : element
        default: return try member(of: type, keyedBy: keyType, isOptional: isOptional, at: offset)
        }
    }
}
