/// Gives every part of an expression its type and turns it into a program; refuses what has no type.
///
/// Recursion is bounded by `Parser.heightLimit`.
struct Checker {
    let source: SourceText
    let tree: SyntaxTree
    let declarations: Declarations
    var program = ProgramDraft()
    /// The variables of the macros around, the innermost last.
    var locals: [Local] = []

    struct Local {
        var name: String
        var number: Int
        var type: ValueType
    }

    static func compile(
        _ source: SourceText, _ declarations: Declarations, expecting: ValueType
    ) throws(ExpressionError) -> Program {
        let tree = try Parser.parse(source)
        var checker = Checker(source: source, tree: tree, declarations: declarations)
        let type = try checker.check(tree.root)
        guard type.fits(expecting) else {
            let offset = tree[tree.root].offset
            throw checker.error("this is \(type), but \(expecting) is needed here", at: offset)
        }
        return Program(checker.program, type: type.settled)
    }

    func error(_ message: String, at offset: Int, help: String? = nil) -> ExpressionError {
        source.error(message, at: offset, help: help)
    }

    /// In standard CEL what is wrong in itself is an error when it is evaluated; in Loods, where it is written.
    var isStandard: Bool { declarations.scope == nil }

    mutating func check(_ id: Int) throws(ExpressionError) -> ValueType {
        let type = try kind(tree[id].kind, id, at: tree[id].offset)
        return declarations.isChecked ? type : .dyn
    }

    private mutating func kind(
        _ kind: SyntaxTree.Kind, _ id: Int, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        switch kind {
        case .literal(let value):
            program.emit(constant: value, at: offset)
            return value.type
        case .identifier, .select, .index: return try reference(id, at: offset)
        case .call(let name, let target, let arguments):
            return try call(Call(name: name, target: target, arguments: arguments, offset: offset))
        case .not(let operand): return try not(operand, at: offset)
        case .negate(let operand): return try negate(operand, at: offset)
        case .binary(let symbol, let left, let right): return try binary(symbol, left, right, at: offset)
        case .all(let terms): return try chain(terms, neutral: true, at: offset)
        case .any(let terms): return try chain(terms, neutral: false, at: offset)
        case .conditional(let condition, let positive, let negative):
            return try conditional(condition, positive, negative, at: offset)
        case .list(let elements): return try list(elements, at: offset)
        case .map(let entries): return try map(entries, at: offset)
        case .message(let name, _):
            throw error("messages such as \(name){…} are not available", at: offset)
        }
    }

    // MARK: Lists and maps

    private mutating func list(
        _ elements: [SyntaxTree.Element], at offset: Int
    ) throws(ExpressionError) -> ValueType {
        var common = ValueType.free
        let start = (program.operations.count, program.tables.constants.count)
        for element in elements {
            common = common.joined(with: try held(element.value, isOptional: element.isOptional))
        }
        let flags = flags(elements.map(\.isOptional))
        if flags < 0, let constants = foldConstants(since: start) {
            program.emit(constant: .list(constants), at: offset)
        } else {
            program.emit(.list(elements.count, optionals: flags), at: offset)
        }
        return .list(common)
    }

    /// Takes back the operations since a place if they are constants only.
    private mutating func foldConstants(since start: (operation: Int, constant: Int)) -> [Value]? {
        var values: [Value] = []
        for operation in program.operations[start.operation...] {
            guard case .constant(let number) = operation else { return nil }
            values.append(program.tables.constants[number])
        }
        program.operations.removeSubrange(start.operation...)
        program.offsets.removeSubrange(start.operation...)
        program.tables.constants.removeSubrange(start.constant...)
        return values
    }

    private mutating func map(_ entries: [SyntaxTree.Entry], at offset: Int) throws(ExpressionError) -> ValueType {
        var commonKey = ValueType.free
        var commonValue = ValueType.free
        for entry in entries {
            let key = try check(entry.key)
            guard key.isDynamic || [.string, .int, .uint, .bool].contains(key) else {
                throw error(
                    "the key of a map is a string, int, uint or bool, not \(key)", at: tree[entry.key].offset)
            }
            commonKey = commonKey.joined(with: key)
            commonValue = commonValue.joined(with: try held(entry.value, isOptional: entry.isOptional))
        }
        program.emit(.map(entries.count, optionals: flags(entries.map(\.isOptional))), at: offset)
        return .map(key: commonKey, value: commonValue)
    }

    /// The type of an element, or of what the optional behind a `?` holds.
    private mutating func held(_ id: Int, isOptional: Bool) throws(ExpressionError) -> ValueType {
        let type = try check(id)
        guard isOptional, !type.isDynamic else { return type }
        guard case .optional(let held) = type else {
            throw error("behind '?' stands an optional value, not \(type)", at: tree[id].offset)
        }
        return held
    }

    /// The number of the flags that say which elements are optional; negative when none is.
    private mutating func flags(_ flags: [Bool]) -> Int {
        guard flags.contains(true) else { return -1 }
        program.tables.optionals.append(flags)
        return program.tables.optionals.count - 1
    }
}
