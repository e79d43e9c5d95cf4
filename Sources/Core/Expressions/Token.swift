/// What the lexer found, and where.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case identifier(String)
        /// A field name between backticks.
        case quotedIdentifier(String)
        /// The magnitude; a sign is the parser's, so that the lowest int can be written.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case symbol(String)
        case end
    }

    var kind: Kind
    /// Offset of the first scalar.
    var offset: Int

    /// The token as an error message names it.
    var spoken: String {
        switch kind {
        case .identifier(let name): "'\(name)'"
        case .quotedIdentifier(let name): "'`\(name)`'"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "a bytes literal"
        case .symbol(let text): "'\(text)'"
        case .end: "the end"
        }
    }
}
