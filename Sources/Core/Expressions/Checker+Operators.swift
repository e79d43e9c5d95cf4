extension Checker {
    // MARK: Logic

    mutating func chain(_ terms: [Int], neutral: Bool, at offset: Int) throws(ExpressionError) -> ValueType {
        var jumps: [Int] = []
        for (number, term) in terms.enumerated() {
            try require(.bool, check(term), of: "'\(neutral ? "&&" : "||")'", at: tree[term].offset)
            jumps.append(program.operations.count)
            program.emit(number == 0 ? .decide(neutral: neutral, to: 0) : .join(neutral: neutral, to: 0), at: offset)
        }
        let end = program.operations.count
        for (number, jump) in jumps.enumerated() {
            program.operations[jump] =
                number == 0 ? .decide(neutral: neutral, to: end) : .join(neutral: neutral, to: end)
        }
        return .bool
    }

    mutating func not(_ operand: Int, at offset: Int) throws(ExpressionError) -> ValueType {
        try require(.bool, check(operand), of: "'!'", at: tree[operand].offset)
        program.emit(.not, at: offset)
        return .bool
    }

    mutating func conditional(
        _ condition: Int, _ positive: Int, _ negative: Int, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        try require(.bool, check(condition), of: "'?'", at: tree[condition].offset)
        let branch = program.operations.count
        program.emit(.branch(else: 0, end: 0), at: offset)
        let positiveType = try check(positive)
        let jump = program.operations.count
        program.emit(.jump(0), at: offset)
        let negativeType = try check(negative)
        let end = program.operations.count
        program.operations[branch] = .branch(else: jump + 1, end: end)
        program.operations[jump] = .jump(end)
        program.emit(.joinBranch, at: offset)
        guard positiveType.fits(negativeType) else {
            throw error("the two sides of '?:' differ: \(positiveType) and \(negativeType)", at: offset)
        }
        return positiveType.joined(with: negativeType)
    }

    func require(
        _ expected: ValueType, _ type: ValueType, of user: String, at offset: Int
    ) throws(ExpressionError) {
        guard type.fits(expected) else { throw error("\(user) needs \(expected), not \(type)", at: offset) }
    }

    // MARK: Arithmetic and comparison

    mutating func negate(_ operand: Int, at offset: Int) throws(ExpressionError) -> ValueType {
        let type = try check(operand)
        guard type.isDynamic || type == .int || type == .double else {
            throw error("'-' needs int or double, not \(type)", at: offset)
        }
        program.emit(.negate, at: offset)
        return type
    }

    mutating func binary(
        _ symbol: BinaryOperator, _ left: Int, _ right: Int, at offset: Int
    ) throws(ExpressionError) -> ValueType {
        let isComparison = symbol.precedence == .relation && symbol != .within
        if let type = try fused(symbol, left, right, at: offset) { return type }
        let leftType = try isComparison ? comparand(left, with: right) : check(left)
        let rightType = try isComparison ? comparand(right, with: left) : check(right)
        program.emit(.binary(symbol, isLenient: leftType == .json || rightType == .json), at: offset)
        guard let type = Self.result(of: symbol, leftType, rightType) else {
            throw error(
                "'\(symbol.rawValue)' is not defined between \(leftType) and \(rightType)", at: offset,
                help: help(symbol, left, leftType, right, rightType))
        }
        try checkStages(symbol, left, right)
        try checkBands(symbol, left, right)
        return type
    }

    /// A path beside a literal: one operation.
    private mutating func fused(
        _ symbol: BinaryOperator, _ left: Int, _ right: Int, at offset: Int
    ) throws(ExpressionError) -> ValueType? {
        guard symbol.precedence == .relation else { return nil }
        if let constant = constant(right), let local = variable(left) {
            return try fused(symbol, local, constant, at: offset)
        }
        if let constant = constant(right), let path = try pathNumber(left) {
            return try fused(symbol, path, constant, at: offset)
        }
        guard symbol != .within, let constant = constant(left), let path = try pathNumber(right) else { return nil }
        return try fused(symbol.mirrored, path, constant, at: offset)
    }

    private mutating func fused(
        _ symbol: BinaryOperator, _ path: Int, _ constant: Value, at offset: Int
    ) throws(ExpressionError) -> ValueType? {
        guard !program.tables.paths[path].fields.isEmpty, Self.result(of: symbol, .json, constant.type) != nil else {
            return nil
        }
        program.emit(.compare(symbol, path: path, constant: program.tables.constants.count), at: offset)
        program.tables.constants.append(constant)
        return .bool
    }

    /// The variable of a macro that a name is.
    private func variable(_ id: Int) -> Local? {
        if case .identifier(let name) = tree[id].kind { local(name) } else { nil }
    }

    private mutating func fused(
        _ symbol: BinaryOperator, _ local: Local, _ constant: Value, at offset: Int
    ) throws(ExpressionError) -> ValueType? {
        guard Self.result(of: symbol, local.type, constant.type) != nil else { return nil }
        program.emit(
            .compareLocal(symbol, local: local.number, constant: program.tables.constants.count), at: offset)
        program.tables.constants.append(constant)
        return .bool
    }

    /// The value of a literal, or of a list of them.
    private func constant(_ id: Int) -> Value? {
        switch tree[id].kind {
        case .literal(let value): return value
        case .list(let elements):
            let values = elements.compactMap { element -> Value? in
                guard !element.isOptional, case .literal(let value) = tree[element.value].kind else { return nil }
                return value
            }
            return values.count == elements.count ? .list(values) : nil
        default: return nil
        }
    }

    /// A score beside a constant number learns its threshold, so that the instant of crossing can be told.
    private mutating func comparand(_ id: Int, with other: Int) throws(ExpressionError) -> ValueType {
        if !isStandard, case .call("score", nil, let arguments) = tree[id].kind, let threshold = constantNumber(other) {
            let call = Call(name: "score", target: nil, arguments: arguments, offset: tree[id].offset)
            let model = try scoreModel(call)
            program.emit(.scoreAgainst(program.tables.thresholds.count), at: call.offset)
            program.tables.thresholds.append((model, threshold))
            return .double
        }
        return try check(id)
    }

    private func constantNumber(_ id: Int) -> Double? {
        guard case .literal(let value) = tree[id].kind else { return nil }
        switch value {
        case .int(let number): return Double(number)
        case .uint(let number): return Double(number)
        case .double(let number): return number
        default: return nil
        }
    }

    private static func result(of symbol: BinaryOperator, _ left: ValueType, _ right: ValueType) -> ValueType? {
        switch symbol {
        case .equal, .notEqual: left.isComparable(with: right) ? .bool : nil
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            left.isOrdered && right.isOrdered && left.isComparable(with: right) ? .bool : nil
        case .within: membership(left, right)
        case .add: sum(left, right)
        case .subtract: difference(left, right)
        case .multiply, .divide: number(left, right, among: [.int, .uint, .double])
        case .modulo: number(left, right, among: [.int, .uint])
        }
    }

    private static func membership(_ element: ValueType, _ container: ValueType) -> ValueType? {
        switch container {
        case .dyn, .json, .free: .bool
        case .list(let type), .map(let type, _): element.isComparable(with: type) ? .bool : nil
        default: nil
        }
    }

    private static func sum(_ left: ValueType, _ right: ValueType) -> ValueType? {
        switch (left.opaque, right.opaque) {
        case (.list(let leftElement), .list(let rightElement)): .list(leftElement.joined(with: rightElement))
        case (.list, .dyn), (.dyn, .list): .list(.dyn)
        case (.timestamp, .duration), (.duration, .timestamp): .timestamp
        case (.duration, .duration): .duration
        case (.timestamp, .dyn), (.dyn, .timestamp): .timestamp
        case (.duration, .dyn), (.dyn, .duration): .dyn
        default: number(left, right, among: [.int, .uint, .double, .string, .bytes])
        }
    }

    private static func difference(_ left: ValueType, _ right: ValueType) -> ValueType? {
        switch (left.opaque, right.opaque) {
        case (.timestamp, .timestamp), (.duration, .duration): .duration
        case (.timestamp, .duration): .timestamp
        case (.timestamp, .dyn), (.dyn, .timestamp), (.dyn, .duration): .dyn
        case (.duration, .dyn): .duration
        default: number(left, right, among: [.int, .uint, .double])
        }
    }

    private static func number(
        _ left: ValueType, _ right: ValueType, among types: [ValueType]
    ) -> ValueType? {
        switch (left.opaque, right.opaque) {
        case (.dyn, .dyn): left == .json || right == .json ? .json : .dyn
        // A number from JSON stays one: beside a whole number it may be a fraction.
        case (.dyn, let type) where left == .json: types.contains(type) ? (type.isNumeric ? .json : type) : nil
        case (let type, .dyn) where right == .json: types.contains(type) ? (type.isNumeric ? .json : type) : nil
        case (.dyn, let type), (let type, .dyn): types.contains(type) ? type : nil
        default: left == right && types.contains(left) ? left : nil
        }
    }

    // MARK: Help

    private func help(
        _ symbol: BinaryOperator, _ left: Int, _ leftType: ValueType, _ right: Int, _ rightType: ValueType
    ) -> String? {
        if leftType.isNumeric, rightType.isNumeric {
            return symbol == .modulo
                ? "'%' is for whole numbers" : "arithmetic does not mix types: a double is written 2.0"
        }
        for (side, type) in [(left, rightType), (right, leftType)] where type.isNumeric {
            guard case .call("did", _, _) = tree[side].kind else { continue }
            return "did answers true or false, count(\"…\") answers a number"
        }
        return nil
    }

    /// A stage or persona compared with a literal must be one of the workspace.
    private mutating func checkStages(_ symbol: BinaryOperator, _ left: Int, _ right: Int) throws(ExpressionError) {
        guard !isStandard, [.equal, .notEqual, .within].contains(symbol) else { return }
        let vocabulary = declarations.vocabulary
        for (variable, known) in [("stage", vocabulary.stages), (Self.persona, vocabulary.personas)] {
            for (side, other) in [(left, right), (right, left)] where tree[side].kind == .identifier(variable) {
                for id in literals(other) {
                    guard case .literal(.string(let name)) = tree[id].kind, !name.isEmpty else { continue }
                    if variable == Self.persona { program.mentions.personas.insert(name) }
                    guard let known else { continue }
                    try require(name, among: known, called: variable, plural: "\(variable)s", at: tree[id].offset)
                }
            }
        }
    }

    /// A band compared with a literal must be one of the score's.
    private func checkBands(_ symbol: BinaryOperator, _ left: Int, _ right: Int) throws(ExpressionError) {
        guard !isStandard, let bands = declarations.vocabulary.bands, [.equal, .notEqual, .within].contains(symbol)
        else { return }
        for (side, other) in [(left, right), (right, left)] {
            guard case .call("band", nil, let arguments) = tree[side].kind, let argument = arguments.first,
                case .literal(.string(let model)) = tree[argument].kind
            else { continue }
            for id in literals(other) {
                guard case .literal(.string(let name)) = tree[id].kind, !name.isEmpty else { continue }
                try require(name, among: bands[model] ?? [], called: "band", plural: "bands", at: tree[id].offset)
            }
        }
    }

    private func literals(_ id: Int) -> [Int] {
        if case .list(let elements) = tree[id].kind { elements.map(\.value) } else { [id] }
    }

    func require(
        _ name: String, among known: Set<String>?, called kind: String, plural: String, at offset: Int
    ) throws(ExpressionError) {
        guard let known, !known.contains(name) else { return }
        throw error(
            "unknown \(kind) '\(name)'", at: offset, help: Spelling.help(for: name, among: known, called: plural))
    }
}

extension ValueType {
    /// Whether `<` is defined on it.
    fileprivate var isOrdered: Bool {
        switch self {
        case .dyn, .json, .free, .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration: true
        case .null, .list, .map, .type, .optional, .named: false
        }
    }

    /// The type, with what is known only later all the same.
    fileprivate var opaque: ValueType { isDynamic ? .dyn : self }
}
