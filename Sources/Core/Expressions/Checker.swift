/// Gives every part of an expression its type and turns it into a program; refuses what has no type.
///
/// Recursion is bounded by `Parser.heightLimit`.
struct Checker {
    let source: SourceText
    let tree: SyntaxTree
    let scope: Scope
    let vocabulary: Vocabulary
    var program = ProgramDraft()

    init(source: SourceText, tree: SyntaxTree, scope: Scope, vocabulary: Vocabulary) {
        self.source = source
        self.tree = tree
        self.scope = scope
        self.vocabulary = vocabulary
    }

    static func compile(
        _ source: SourceText, scope: Scope, expecting: ValueType, vocabulary: Vocabulary
    ) throws(ExpressionError) -> Program {
        let tree = try Parser.parse(source)
        var checker = Checker(source: source, tree: tree, scope: scope, vocabulary: vocabulary)
        let type = try checker.check(tree.root)
        guard type.fits(expecting) else {
            let offset = tree[tree.root].offset
            throw checker.error("this is \(type), but \(expecting) is needed here", at: offset)
        }
        return Program(checker.program)
    }

    func error(_ message: String, at offset: Int, help: String? = nil) -> ExpressionError {
        source.error(message, at: offset, help: help)
    }

    mutating func check(_ id: Int) throws(ExpressionError) -> ValueType {
        let node = tree[id]
        switch node.kind {
        case .literal(let value):
            program.emit(constant: value, at: node.offset)
            return value.type
        case .identifier(let name): return try variable(name, at: node.offset)
        case .select(let operand, let field, let isOptional):
            try refuse(optional: isOptional, at: node.offset)
            return try select(field, of: operand, at: node.offset)
        case .index(let operand, let key, let isOptional):
            try refuse(optional: isOptional, at: node.offset)
            return try index(operand, key: key, at: node.offset)
        case .call(let name, let target, let arguments):
            return try call(Call(name: name, target: target, arguments: arguments, offset: node.offset))
        case .not(let operand): return try not(operand, at: node.offset)
        case .negate(let operand): return try negate(operand, at: node.offset)
        case .binary(let symbol, let left, let right):
            return try binary(symbol, left, right, at: node.offset)
        case .all(let terms): return try chain(terms, neutral: true, at: node.offset)
        case .any(let terms): return try chain(terms, neutral: false, at: node.offset)
        case .conditional(let condition, let positive, let negative):
            return try conditional(condition, positive, negative, at: node.offset)
        case .list(let elements): return try list(elements, at: node.offset)
        case .map(let entries): return try map(entries, at: node.offset)
        case .message(let name, _):
            throw error("messages such as \(name){…} are not available", at: node.offset)
        }
    }

    func refuse(optional isOptional: Bool, at offset: Int) throws(ExpressionError) {
        guard isOptional else { return }
        throw error("optional values are not available", at: offset, help: "ask with has(…) first")
    }

    // MARK: Variables and fields

    private mutating func variable(_ name: String, at offset: Int) throws(ExpressionError) -> ValueType {
        switch name {
        case "contact":
            program.mentions.contact = true
            program.emit(.contact, at: offset)
            return .map(key: .string, value: .dyn)
        case "stage":
            program.mentions.stage = true
            program.emit(.stage, at: offset)
            return .string
        case "event":
            guard scope.contains(.event) else {
                throw error("there is no event here", at: offset, help: "did(\"…\") asks about the past")
            }
            program.mentions.event = true
            program.emit(.event, at: offset)
            return .map(key: .string, value: .dyn)
        default: throw unknownVariable(name, at: offset)
        }
    }

    private func unknownVariable(_ name: String, at offset: Int) -> ExpressionError {
        if name == "run" {
            return error("'run' stands only before a function: run.did(…), run.count(…), run.sum(…)", at: offset)
        }
        if name == "now" {
            return error(
                "there is no 'now'", at: offset, help: "did, count and sum take a window: did(\"…\", \"7d\")")
        }
        if HistoryQuery.Question(rawValue: name) != nil || Self.isFunction(name) {
            return error("'\(name)' is a function", at: offset, help: "call it: \(name)(…)")
        }
        let known = ["contact", "stage"] + (scope.contains(.event) ? ["event"] : [])
        return error(
            "unknown name '\(name)'", at: offset,
            help: Spelling.help(for: name, among: known, called: "variables"))
    }

    private mutating func select(
        _ field: String, of operand: Int, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        let type = try check(operand)
        program.emit(.select(field), at: offset)
        return try member(of: type, keyedBy: .string, at: offset)
    }

    private mutating func index(_ operand: Int, key: Int, at offset: Int) throws(ExpressionError) -> ValueType {
        let type = try check(operand)
        let keyType = try check(key)
        program.emit(.index, at: offset)
        if case .list(let element) = type {
            guard keyType == .dyn || keyType.isNumeric else {
                throw error("the index of a list is a number, not \(keyType)", at: tree[key].offset)
            }
            return element
        }
        return try member(of: type, keyedBy: keyType, at: offset)
    }

    private func member(
        of type: ValueType, keyedBy key: ValueType, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        switch type {
        case .dyn: return .dyn
        case .map(let keyType, let value):
            guard key.isComparable(with: keyType) else {
                throw error("the keys of this map are \(keyType), not \(key)", at: offset)
            }
            return value
        default: throw error("\(type) has no fields", at: offset)
        }
    }

    // MARK: Lists and maps

    private mutating func list(
        _ elements: [SyntaxTree.Element], at offset: Int
    ) throws(ExpressionError) -> ValueType {
        var common: ValueType?
        for element in elements {
            try refuse(optional: element.isOptional, at: tree[element.value].offset)
            common = Self.common(common, try check(element.value))
        }
        program.emit(.list(elements.count), at: offset)
        return .list(common ?? .dyn)
    }

    private mutating func map(_ entries: [SyntaxTree.Entry], at offset: Int) throws(ExpressionError) -> ValueType {
        var commonKey: ValueType?
        var commonValue: ValueType?
        for entry in entries {
            let keyOffset = tree[entry.key].offset
            try refuse(optional: entry.isOptional, at: keyOffset)
            let key = try check(entry.key)
            guard [.dyn, .string, .int, .uint, .bool].contains(key) else {
                throw error("the key of a map is a string, int, uint or bool, not \(key)", at: keyOffset)
            }
            commonKey = Self.common(commonKey, key)
            commonValue = Self.common(commonValue, try check(entry.value))
        }
        program.emit(.map(entries.count), at: offset)
        return .map(key: commonKey ?? .dyn, value: commonValue ?? .dyn)
    }

    static func common(_ left: ValueType?, _ right: ValueType) -> ValueType {
        left == nil || left == right ? right : .dyn
    }
}
