extension Parser {
    mutating func literal() throws(ExpressionError) -> Int {
        let isNegative = isSignOfNumber
        let offset = token.offset
        if isNegative { _ = advance() }
        guard let value = try scalar(isNegative: isNegative, at: offset) else {
            throw unexpected(expected: "a value")
        }
        _ = advance()
        return try node(.literal(value), at: offset)
    }

    private func scalar(isNegative: Bool, at offset: Int) throws(ExpressionError) -> Value? {
        switch token.kind {
        case .int(let magnitude):
            let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
            guard magnitude <= limit else {
                throw source.error("this number does not fit into an int", at: offset, help: "a uint ends in 'u'")
            }
            return .int(isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude))
        case .uint(let magnitude): return .uint(magnitude)
        case .double(let magnitude): return .double(isNegative ? -magnitude : magnitude)
        case .string(let text): return .string(text)
        case .bytes(let bytes): return .bytes(bytes)
        default: return nil
        }
    }

    mutating func list() throws(ExpressionError) -> Int {
        let offset = advance().offset
        var elements: [SyntaxTree.Element] = []
        while token.kind != .symbol("]") {
            let isOptional = take("?")
            elements.append(SyntaxTree.Element(value: try expression(), isOptional: isOptional))
            guard take(",") else { break }
        }
        try expect("]")
        return try node(.list(elements), at: offset, over: elements.map(\.value))
    }

    mutating func map() throws(ExpressionError) -> Int {
        let offset = advance().offset
        var entries: [SyntaxTree.Entry] = []
        while token.kind != .symbol("}") {
            let isOptional = take("?")
            let key = try expression()
            try expect(":")
            entries.append(SyntaxTree.Entry(key: key, value: try expression(), isOptional: isOptional))
            guard take(",") else { break }
        }
        try expect("}")
        return try node(.map(entries), at: offset, over: entries.flatMap { [$0.key, $0.value] })
    }

    mutating func message(_ name: String, at offset: Int) throws(ExpressionError) -> Int {
        try expect("{")
        var fields: [SyntaxTree.Field] = []
        while token.kind != .symbol("}") {
            let isOptional = take("?")
            let field = try fieldName()
            try expect(":")
            fields.append(SyntaxTree.Field(name: field, value: try expression(), isOptional: isOptional))
            guard take(",") else { break }
        }
        try expect("}")
        return try node(.message(name, fields), at: offset, over: fields.map(\.value))
    }

    private mutating func fieldName() throws(ExpressionError) -> String {
        switch token.kind {
        case .identifier(let name), .quotedIdentifier(let name):
            _ = advance()
            return name
        default: throw unexpected(expected: "a field name")
        }
    }
}
