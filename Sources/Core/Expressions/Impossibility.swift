/// Why a condition can never be true, whatever the contact: what its comparisons of one value say together.
///
/// Values are told apart by how they are written, `contact.plan` or `count("Order Completed", "7d")`; what depends on more than
/// one of them, or on macros, is not looked into.
public struct Impossibility: Sendable, Hashable {
    /// `count("X") > 5 and < 3`, without the position.
    public var message: String
    /// 1-based, within the source.
    public var line: Int
    public var column: Int
    /// Whether it says so itself, as `false` does.
    public var isLiteral: Bool

    /// Nil where the condition may come true as far as can be told, and for what is no expression.
    public init?(of source: String) {
        let text = SourceText(source)
        guard let tree = try? Parser.parse(text), let fault = Folding(tree: tree).never(tree.root) else { return nil }
        let position = text.position(of: fault.offset)
        (message, line, column, isLiteral) = (fault.message, position.line, position.column, fault.isLiteral)
    }
}

/// Folds a condition as far as that goes without a world.
struct Folding {
    struct Fault {
        var message: String
        var offset: Int
        var isLiteral = false
    }

    let tree: SyntaxTree

    /// Why a part can never be true.
    func never(_ id: Int) -> Fault? {
        let node = tree[id]
        switch node.kind {
        case .literal(.bool(false)): return Fault(message: "it is false", offset: node.offset, isLiteral: true)
        case .not(let operand) where isAlways(operand):
            return Fault(
                message: "it negates what is always true", offset: node.offset, isLiteral: isLiteral(operand))
        case .all(let terms): return terms.lazy.compactMap(never).first ?? together(flat(terms))
        case .any(let terms):
            let faults = terms.map(never)
            return faults.contains { $0 == nil } ? nil : faults.first ?? nil
        case .conditional(_, let positive, let negative):
            guard let fault = never(positive), never(negative) != nil else { return nil }
            return fault
        default: return together([id])
        }
    }

    /// Whether it is nothing but `true` or `false`, negated or not.
    private func isLiteral(_ id: Int) -> Bool {
        switch tree[id].kind {
        case .literal(.bool): true
        case .not(let operand): isLiteral(operand)
        default: false
        }
    }

    private func isAlways(_ id: Int) -> Bool {
        switch tree[id].kind {
        case .literal(.bool(true)): true
        case .not(let operand): never(operand) != nil
        case .all(let terms): terms.allSatisfy(isAlways)
        case .any(let terms): terms.contains(where: isAlways)
        default: false
        }
    }

    private func flat(_ terms: [Int]) -> [Int] {
        terms.flatMap { id -> [Int] in if case .all(let inner) = tree[id].kind { flat(inner) } else { [id] } }
    }

    /// What terms that must all hold say of one value.
    private func together(_ terms: [Int]) -> Fault? {
        var bounds: [String: Bounds] = [:]
        for id in terms {
            guard let claim = claim(id, isNegated: false) else { continue }
            var known = bounds[claim.value] ?? Bounds(of: claim.value)
            let before = known.words
            known.add(claim)
            guard !known.isEmpty else {
                let words = (before + [claim.words]).joined(separator: " and ")
                return Fault(message: "\(claim.value) \(words)", offset: start(of: id))
            }
            bounds[claim.value] = known
        }
        return nil
    }

    /// Where a term begins.
    private func start(of id: Int) -> Int {
        switch tree[id].kind {
        case .binary(_, let left, _): start(of: left)
        case .select(let operand, _, _), .index(let operand, _, _): start(of: operand)
        case .call(_, let target?, _): start(of: target)
        default: tree[id].offset
        }
    }

    // MARK: What a term says

    /// What one term says of one value.
    struct Claim {
        enum Content {
            case equal(Value), notEqual(Value), among([Value]), above(Double, orEqual: Bool), below(
                Double, orEqual: Bool)
        }

        var value: String
        var content: Content
        var words: String
    }

    private func claim(_ id: Int, isNegated: Bool) -> Claim? {
        switch tree[id].kind {
        case .not(let operand): return claim(operand, isNegated: !isNegated)
        case .binary(let symbol, let left, let right):
            if let constant = constant(right), let name = name(left) {
                return comparison(name, symbol, constant, isNegated)
            }
            guard symbol != .within, let constant = constant(left), let name = name(right) else { return nil }
            return comparison(name, symbol.mirrored, constant, isNegated)
        case .call("did", let target, let arguments):
            guard let did = name(id), let list = names(arguments) else { return nil }
            let run = target == nil ? "" : "run."
            let content: Claim.Content = isNegated ? .below(0, orEqual: true) : .above(1, orEqual: true)
            return Claim(value: "\(run)count(\(list))", content: content, words: "for \(isNegated ? "!" : "")\(did)")
        default:
            guard let name = name(id), tree[id].kind != .identifier("stage") else { return nil }
            return Claim(
                value: name, content: .equal(.bool(!isNegated)), words: isNegated ? "is not true" : "is true")
        }
    }

    private func comparison(_ name: String, _ symbol: BinaryOperator, _ constant: Constant, _ isNegated: Bool) -> Claim?
    {
        guard let symbol = isNegated ? symbol.negated : symbol else { return nil }
        let words = "\(symbol.rawValue) \(constant.words)"
        func claim(_ content: Claim.Content) -> Claim { Claim(value: name, content: content, words: words) }
        switch (symbol, constant) {
        case (.equal, .one(let value)): return claim(.equal(value))
        case (.notEqual, .one(let value)): return claim(.notEqual(value))
        case (.within, .list(let values)): return claim(.among(values))
        default: break
        }
        // Beyond it doubles no longer tell whole numbers apart.
        guard case .one(let value) = constant, let number = value.plainNumber, abs(number) <= Value.exactLimit else {
            return nil
        }
        switch symbol {
        case .less: return claim(.below(number, orEqual: false))
        case .lessOrEqual: return claim(.below(number, orEqual: true))
        case .greater: return claim(.above(number, orEqual: false))
        case .greaterOrEqual: return claim(.above(number, orEqual: true))
        default: return nil
        }
    }

    // MARK: Names and constants

    private enum Constant {
        case one(Value)
        case list([Value])

        var words: String {
            switch self {
            case .one(let value): value.sourceText
            case .list(let values): "[" + values.map(\.sourceText).joined(separator: ", ") + "]"
            }
        }
    }

    private func constant(_ id: Int) -> Constant? {
        switch tree[id].kind {
        case .literal(let value): return .one(value)
        case .negate(let operand):
            guard case .literal(let value) = tree[operand].kind else { return nil }
            switch value {
            case .int(let number) where number != .min: return .one(.int(-number))
            case .double(let number): return .one(.double(-number))
            default: return nil
            }
        case .list(let elements):
            let values = elements.compactMap { element -> Value? in
                guard !element.isOptional, case .one(let value)? = constant(element.value) else { return nil }
                return value
            }
            return values.count == elements.count ? .list(values) : nil
        default: return nil
        }
    }

    /// How a value is written that is the same wherever it stands in the condition; nil for anything else.
    private func name(_ id: Int) -> String? {
        switch tree[id].kind {
        case .identifier(let name): return name
        case .select(let operand, let field, isOptional: false): return name(operand).map { "\($0).\(field)" }
        case .index(let operand, let key, isOptional: false):
            guard case .literal(.string(let field)) = tree[key].kind else { return nil }
            let member = field.isFieldName ? ".\(field)" : "[\(Value.string(field).sourceText)]"
            return name(operand).map { $0 + member }
        case .call(let function, let target, let arguments):
            guard let list = names(arguments) else { return nil }
            guard let target else { return "\(function)(\(list))" }
            return name(target).map { "\($0).\(function)(\(list))" }
        default: return nil
        }
    }

    /// Arguments that are literals, or durations of them.
    private func names(_ arguments: [Int]) -> String? {
        let written = arguments.compactMap { id -> String? in
            switch tree[id].kind {
            case .literal(let value): value.sourceText
            case .call("duration", target: nil, let inner): names(inner)
            default: nil
            }
        }
        return written.count == arguments.count ? written.joined(separator: ", ") : nil
    }
}

/// What is left of a value when several claims hold.
private struct Bounds {
    private var lower = -Double.infinity
    private var isLowerOpen = false
    private var upper = Double.infinity
    private var isUpperOpen = false
    private var equal: Value?
    private var excluded: [Value] = []
    private var allowed: [Value]?
    private var differs = false
    private let isWhole: Bool
    private(set) var words: [String] = []

    init(of value: String) {
        // How often something happened is a whole number from 0.
        isWhole = value.hasPrefix("count(") || value.hasPrefix("run.count(")
        if isWhole { lower = 0 }
    }

    mutating func add(_ claim: Folding.Claim) {
        words.append(claim.words)
        switch claim.content {
        case .equal(let value):
            if let equal, !equal.isSame(as: value) { differs = true }
            equal = value
        case .notEqual(let value): excluded.append(value)
        case .among(let values): allowed = allowed?.filter { held in values.contains { $0.isSame(as: held) } } ?? values
        case .above(let number, let orEqual): raise(to: number, isOpen: !orEqual)
        case .below(let number, let orEqual): drop(to: number, isOpen: !orEqual)
        }
    }

    private mutating func raise(to number: Double, isOpen: Bool) {
        let (bound, isOpen) =
            isWhole ? (isOpen ? number.rounded(.down) + 1 : number.rounded(.up), false) : (number, isOpen)
        guard bound > lower || bound == lower && isOpen else { return }
        (lower, isLowerOpen) = (bound, isOpen)
    }

    private mutating func drop(to number: Double, isOpen: Bool) {
        let (bound, isOpen) =
            isWhole ? (isOpen ? number.rounded(.up) - 1 : number.rounded(.down), false) : (number, isOpen)
        guard bound < upper || bound == upper && isOpen else { return }
        (upper, isUpperOpen) = (bound, isOpen)
    }

    var isEmpty: Bool {
        if differs || lower > upper || lower == upper && (isLowerOpen || isUpperOpen) { return true }
        if let equal { return !admits(equal) || allowed.map { !$0.contains { $0.isSame(as: equal) } } ?? false }
        return allowed.map { !$0.contains(where: admits) } ?? false
    }

    private func admits(_ value: Value) -> Bool {
        if excluded.contains(where: { $0.isSame(as: value) }) { return false }
        guard let number = value.plainNumber else { return true }
        return (isLowerOpen ? number > lower : number >= lower) && (isUpperOpen ? number < upper : number <= upper)
    }
}

extension Value {
    /// Up to here a double is the very whole number that it stands for.
    fileprivate static let exactLimit = 9_007_199_254_740_992.0

    /// Nil for whole numbers that no double is sure to be.
    fileprivate var plainNumber: Double? {
        switch self {
        case .int(let number): number.magnitude <= UInt64(Self.exactLimit) ? Double(number) : nil
        case .uint(let number): number <= UInt64(Self.exactLimit) ? Double(number) : nil
        case .double(let number): number
        default: nil
        }
    }

    /// Numbers are compared by what they are worth, whatever their kind.
    fileprivate func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.int(let left), .int(let right)): left == right
        case (.uint(let left), .uint(let right)): left == right
        case (.int(let left), .uint(let right)), (.uint(let right), .int(let left)): UInt64(exactly: left) == right
        case (.int(let whole), .double(let number)), (.double(let number), .int(let whole)):
            Int64(exactly: number) == whole
        case (.uint(let whole), .double(let number)), (.double(let number), .uint(let whole)):
            UInt64(exactly: number) == whole
        default: self == other
        }
    }

    /// As it is written.
    fileprivate var sourceText: String {
        switch self {
        case .string(let text): "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
        case .int(let number): String(number)
        case .uint(let number): "\(number)u"
        case .double(let number): "\(number)"
        case .bool(let value): String(value)
        default: "…"
        }
    }
}

extension String {
    /// Whether it can stand behind a dot.
    fileprivate var isFieldName: Bool {
        guard let first, !first.isNumber else { return false }
        return allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
    }
}

extension BinaryOperator {
    /// The question whose answer is the other one; nil where there is none.
    fileprivate var negated: BinaryOperator? {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        default: nil
        }
    }
}
