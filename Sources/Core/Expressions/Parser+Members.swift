extension Parser {
    /// `Member = Primary | Member "." SELECTOR ["(" [ExprList] ")"] | Member "[" Expr "]"`, and message literals.
    mutating func member() throws(ExpressionError) -> Int {
        var result = try primary()
        while true {
            if take(".") {
                result = try selection(of: result)
            } else if token.kind == .symbol("[") {
                result = try index(of: result)
            } else if token.kind == .symbol("{"), let name = qualifiedName(result) {
                result = try message(name, at: node(result).offset)
            } else {
                return result
            }
        }
    }

    private mutating func selection(of operand: Int) throws(ExpressionError) -> Int {
        let isOptional = take("?")
        let name = advance()
        switch name.kind {
        case .identifier(let field) where !Self.keywords.contains(field):
            guard token.kind == .symbol("("), !isOptional else {
                return try node(
                    .select(operand, field: field, isOptional: isOptional), at: name.offset, over: [operand])
            }
            let arguments = try arguments()
            return try node(
                .call(field, target: operand, arguments: arguments), at: name.offset, over: [operand] + arguments)
        case .quotedIdentifier(let field):
            return try node(.select(operand, field: field, isOptional: isOptional), at: name.offset, over: [operand])
        default:
            throw source.error("expected a field name, found \(name.spoken)", at: name.offset)
        }
    }

    private mutating func index(of operand: Int) throws(ExpressionError) -> Int {
        let offset = advance().offset
        let isOptional = take("?")
        let key = try expression()
        try expect("]")
        return try node(.index(operand, key: key, isOptional: isOptional), at: offset, over: [operand, key])
    }

    private mutating func arguments() throws(ExpressionError) -> [Int] {
        try expect("(")
        var arguments: [Int] = []
        if take(")") { return arguments }
        repeat { arguments.append(try expression()) } while take(",")
        try expect(")")
        return arguments
    }

    private mutating func primary() throws(ExpressionError) -> Int {
        switch token.kind {
        case .symbol("("):
            _ = advance()
            let inner = try expression()
            try expect(")")
            return inner
        case .symbol("["): return try list()
        case .symbol("{"): return try map()
        case .symbol("."):
            _ = advance()
            guard case .identifier = token.kind else { throw unexpected(expected: "a name") }
            return try name(prefix: ".")
        case .identifier: return try name()
        default: return try literal()
        }
    }

    private mutating func name(prefix: String = "") throws(ExpressionError) -> Int {
        let token = advance()
        guard case .identifier(let name) = token.kind else { throw unexpected(expected: "a name") }
        switch name {
        case "true", "false": return try node(.literal(.bool(name == "true")), at: token.offset)
        case "null": return try node(.literal(.null), at: token.offset)
        case "in": throw source.error("expected a value, found 'in'", at: token.offset)
        default: break
        }
        guard !Self.reservedWords.contains(name) else {
            throw source.error("'\(name)' is a reserved word", at: token.offset)
        }
        guard self.token.kind == .symbol("(") else {
            return try node(.identifier(prefix + name), at: token.offset)
        }
        let arguments = try arguments()
        return try node(.call(name, target: nil, arguments: arguments), at: token.offset, over: arguments)
    }

    /// The dotted name that a chain of selections spells, which may head a message literal.
    private func qualifiedName(_ id: Int) -> String? {
        var parts: [String] = []
        var current = id
        while true {
            switch node(current).kind {
            case .identifier(let name): return ([name] + parts.reversed()).joined(separator: ".")
            case .select(let operand, let field, isOptional: false):
                parts.append(field)
                current = operand
            default: return nil
            }
        }
    }

    private static let keywords: Set<String> = ["false", "in", "null", "true"]

    private static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]
}
