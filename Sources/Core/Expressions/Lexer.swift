/// Cuts the text of an expression into tokens (CEL language definition, "Syntax").
struct Lexer {
    let source: SourceText
    var index = 0

    init(_ source: SourceText) { self.source = source }

    static func tokens(of source: SourceText) throws(ExpressionError) -> [Token] {
        var lexer = Lexer(source)
        var tokens: [Token] = []
        repeat {
            tokens.append(try lexer.next())
        } while tokens[tokens.count - 1].kind != .end
        return tokens
    }

    /// The scalar `distance` places on; nil behind the end.
    func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        index + distance < source.scalars.count ? source.scalars[index + distance] : nil
    }

    private mutating func next() throws(ExpressionError) -> Token {
        skipSpaceAndComments()
        let start = index
        return Token(kind: try kind(), offset: start)
    }

    private mutating func skipSpaceAndComments() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let scalar = peek(), scalar != "\n", scalar != "\r" { index += 1 }
            } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar == "\u{0C}" {
                index += 1
            } else {
                return
            }
        }
    }

    private mutating func kind() throws(ExpressionError) -> Token.Kind {
        guard let scalar = peek() else { return .end }
        if let literal = try quoted() { return literal }
        if scalar.isDigit || scalar == "." && peek(1)?.isDigit == true { return try number() }
        if scalar.isIdentifierStart { return .identifier(identifier()) }
        if scalar == "`" { return try quotedIdentifier() }
        return try symbol(scalar)
    }

    private mutating func identifier() -> String {
        var name = ""
        while let scalar = peek(), scalar.isIdentifierStart || scalar.isDigit {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        return name
    }

    private mutating func quotedIdentifier() throws(ExpressionError) -> Token.Kind {
        let start = index
        index += 1
        var name = ""
        while let scalar = peek(), scalar != "`" {
            guard scalar.isIdentifierStart || scalar.isDigit || "_.-/ ".unicodeScalars.contains(scalar) else {
                throw source.error("this character cannot stand in a name between backticks", at: index)
            }
            name.unicodeScalars.append(scalar)
            index += 1
        }
        guard peek() != nil, !name.isEmpty else {
            throw source.error("a name between backticks is \(name.isEmpty ? "empty" : "not closed")", at: start)
        }
        index += 1
        return .quotedIdentifier(name)
    }

    private mutating func symbol(_ scalar: Unicode.Scalar) throws(ExpressionError) -> Token.Kind {
        for double in ["==", "!=", "<=", ">=", "&&", "||"] where double.unicodeScalars.first == scalar {
            guard peek(1) == double.unicodeScalars.last else { continue }
            index += 2
            return .symbol(double)
        }
        guard "+-*/%<>!?:.,()[]{}".unicodeScalars.contains(scalar) else {
            throw source.error("unexpected character '\(scalar)'", at: index, help: Self.help(for: scalar))
        }
        index += 1
        return .symbol(String(scalar))
    }

    private static func help(for scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "=": "equality is '=='"
        case "&": "and is '&&'"
        case "|": "or is '||'"
        case "\u{201C}", "\u{201D}", "\u{2018}", "\u{2019}": "strings stand between straight quotes"
        default: nil
        }
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }

    var isIdentifierStart: Bool { self == "_" || ("a"..."z").contains(self) || ("A"..."Z").contains(self) }

    var hexDigit: UInt32? {
        switch self {
        case "0"..."9": value - 48
        case "a"..."f": value - 87
        case "A"..."F": value - 55
        default: nil
        }
    }
}
