/// Reads the whole grammar of CEL, what the checker refuses afterwards included (language definition, "Syntax").
///
/// Beyond the definition it reads the optional syntax (`a.?b`, `a[?b]`, `[?a]`, `{?a: b}`). Names, types and the meaning of
/// calls are the checker's.
struct Parser {
    /// Levels of brackets, arguments, `?:` and runs of operators one inside the other.
    static let depthLimit = 48
    static let nodeLimit = 1000
    /// Height of the tree, long chains such as `a + b + c` included.
    static let heightLimit = 64

    let source: SourceText
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private var tree = SyntaxTree()
    private var heights: [Int] = []

    static func parse(_ source: SourceText) throws(ExpressionError) -> SyntaxTree {
        var parser = Parser(source: source, tokens: try Lexer.tokens(of: source))
        let root = try parser.expression()
        guard parser.token.kind == .end else {
            throw parser.unexpected(expected: "an operator or the end")
        }
        parser.tree.root = root
        return parser.tree
    }

    private init(source: SourceText, tokens: [Token]) {
        self.source = source
        self.tokens = tokens
    }

    // MARK: Tokens

    var token: Token { tokens[position] }

    func unexpected(expected: String) -> ExpressionError {
        source.error("expected \(expected), found \(token.spoken)", at: token.offset)
    }

    mutating func advance() -> Token {
        let token = tokens[position]
        if token.kind != .end { position += 1 }
        return token
    }

    mutating func take(_ symbol: String) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard take(symbol) else { throw unexpected(expected: "'\(symbol)'") }
    }

    // MARK: Nodes

    mutating func node(
        _ kind: SyntaxTree.Kind, at offset: Int, over children: [Int] = []
    ) throws(ExpressionError) -> Int {
        var height = 0
        for child in children { height = max(height, heights[child]) }
        guard tree.nodes.count < Self.nodeLimit else {
            throw source.error("the expression has more than \(Self.nodeLimit) parts", at: offset)
        }
        guard height < Self.heightLimit else {
            throw source.error("the expression is a chain of more than \(Self.heightLimit) links", at: offset)
        }
        tree.nodes.append(SyntaxTree.Node(kind: kind, offset: offset))
        heights.append(height + 1)
        return tree.nodes.count - 1
    }

    func node(_ id: Int) -> SyntaxTree.Node { tree[id] }

    // MARK: Operators

    /// `Expr = ConditionalOr ["?" ConditionalOr ":" Expr]`
    mutating func expression() throws(ExpressionError) -> Int {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw source.error("more than \(Self.depthLimit) levels one inside the other", at: token.offset)
        }
        let condition = try disjunction()
        let offset = token.offset
        guard take("?") else { return condition }
        let positive = try disjunction()
        try expect(":")
        let negative = try expression()
        return try node(
            .conditional(condition, then: positive, else: negative), at: offset,
            over: [condition, positive, negative])
    }

    private mutating func disjunction() throws(ExpressionError) -> Int {
        let first = try conjunction()
        let offset = token.offset
        guard take("||") else { return first }
        var terms = [first]
        repeat { terms.append(try conjunction()) } while take("||")
        return try node(.any(terms), at: offset, over: terms)
    }

    private mutating func conjunction() throws(ExpressionError) -> Int {
        let first = try chain(.relation)
        let offset = token.offset
        guard take("&&") else { return first }
        var terms = [first]
        repeat { terms.append(try chain(.relation)) } while take("&&")
        return try node(.all(terms), at: offset, over: terms)
    }

    /// `Relation`, `Addition` and `Multiplication`, each a chain that leans to the left.
    private mutating func chain(_ precedence: BinaryOperator.Precedence) throws(ExpressionError) -> Int {
        var left = try operand(of: precedence)
        while let symbol = binaryOperator, symbol.precedence == precedence {
            let offset = advance().offset
            let right = try operand(of: precedence)
            left = try node(.binary(symbol, left, right), at: offset, over: [left, right])
        }
        return left
    }

    private mutating func operand(of precedence: BinaryOperator.Precedence) throws(ExpressionError) -> Int {
        switch precedence {
        case .relation: try chain(.addition)
        case .addition: try chain(.multiplication)
        case .multiplication: try unary()
        }
    }

    private var binaryOperator: BinaryOperator? {
        switch token.kind {
        case .symbol(let text): BinaryOperator(rawValue: text)
        case .identifier("in"): .within
        default: nil
        }
    }

    /// `Unary = Member | "!"{"!"} Member | "-"{"-"} Member`; a sign before a number belongs to the number.
    private mutating func unary() throws(ExpressionError) -> Int {
        guard token.kind == .symbol("!") || token.kind == .symbol("-") else { return try member() }
        let symbol = token.kind
        var offsets: [Int] = []
        while token.kind == symbol, !isSignOfNumber { offsets.append(advance().offset) }
        var result = try member()
        for offset in offsets.reversed() {
            result = try node(symbol == .symbol("!") ? .not(result) : .negate(result), at: offset, over: [result])
        }
        return result
    }

    var isSignOfNumber: Bool {
        guard token.kind == .symbol("-") else { return false }
        switch tokens[position + 1].kind {
        case .int, .double: return true
        default: return false
        }
    }
}
