import Model

extension Checker {
    struct Call {
        var name: String
        var target: Int?
        var arguments: [Int]
        var offset: Int
    }

    mutating func call(_ call: Call) throws(ExpressionError) -> ValueType {
        if let target = call.target {
            if case .identifier("run") = tree[target].kind { return try runCall(call) }
            return try method(call, on: target)
        }
        if let question = HistoryQuery.Question(rawValue: call.name) {
            return try history(question, call, sinceRunStart: false)
        }
        switch call.name {
        case "has": return try has(call)
        case "size": return try size(call, operand: argument(call))
        case "duration": return try duration(call)
        case "score":
            program.emit(.score(try scoreModel(call)), at: call.offset)
            return .double
        case "consented": return try consented(call)
        case "in_segment": return try inSegment(call)
        default: throw unknownFunction(call)
        }
    }

    private mutating func method(_ call: Call, on target: Int) throws(ExpressionError) -> ValueType {
        if call.name == "size" {
            try expectArguments(call, 0)
            return try size(call, operand: target)
        }
        guard let function = BuiltinFunction(rawValue: call.name), function != .duration else {
            throw unknownFunction(call)
        }
        try require(.string, check(target), of: call.name, at: tree[target].offset)
        let text = try argument(call)
        try require(.string, check(text), of: call.name, at: tree[text].offset)
        program.emit(.call(function), at: call.offset)
        return .bool
    }

    // MARK: Functions of CEL

    /// `has(a.b)`: whether the map has the field, without an error when it has not.
    private mutating func has(_ call: Call) throws(ExpressionError) -> ValueType {
        let operand = try argument(call)
        guard case .select(let map, let field, isOptional: false) = tree[operand].kind else {
            throw error(
                "has needs a field, such as has(contact.plan)", at: tree[operand].offset,
                help: "for other keys: \"first name\" in contact")
        }
        switch try check(map) {
        case .dyn, .map: break
        case let type: throw error("\(type) has no fields", at: tree[operand].offset)
        }
        program.emit(.has(field), at: call.offset)
        return .bool
    }

    private mutating func size(_ call: Call, operand: Int) throws(ExpressionError) -> ValueType {
        let type = try check(operand)
        switch type {
        case .dyn, .string, .bytes, .list, .map: break
        default: throw error("size needs string, bytes, list or map, not \(type)", at: tree[operand].offset)
        }
        program.emit(.call(.size), at: call.offset)
        return .int
    }

    private mutating func duration(_ call: Call) throws(ExpressionError) -> ValueType {
        let text = try argument(call)
        if case .literal(.string(let literal)) = tree[text].kind {
            guard let span = Span(durationLiteral: literal) else {
                throw error("'\(literal)' is not a duration", at: tree[text].offset, help: Self.durationHelp)
            }
            program.emit(constant: .duration(span), at: call.offset)
            return .duration
        }
        try require(.string, check(text), of: "duration", at: tree[text].offset)
        program.emit(.call(.duration), at: call.offset)
        return .duration
    }

    static let durationHelp = "write 7d, 36h, 1d12h or 90m"

    // MARK: Functions of Loods

    mutating func scoreModel(_ call: Call) throws(ExpressionError) -> String {
        try expectArguments(call, 1)
        let name = try literalName(call.arguments[0], of: "score", what: "the name of a score")
        try require(
            name, among: vocabulary.scores, called: "score", plural: "scores", at: tree[call.arguments[0]].offset)
        program.mentions.scores.insert(name)
        return name
    }

    private mutating func consented(_ call: Call) throws(ExpressionError) -> ValueType {
        let topic = try argument(call)
        let name = try literalName(topic, of: "consented", what: "a topic")
        try require(name, among: vocabulary.topics, called: "topic", plural: "topics", at: tree[topic].offset)
        program.mentions.topics.insert(name)
        program.emit(.consented(name), at: call.offset)
        return .bool
    }

    private mutating func inSegment(_ call: Call) throws(ExpressionError) -> ValueType {
        let segment = try argument(call)
        let name = try literalName(segment, of: "in_segment", what: "the name of a segment")
        try require(
            name, among: vocabulary.segments, called: "segment", plural: "segments", at: tree[segment].offset)
        program.mentions.segments.insert(name)
        program.emit(.inSegment(name), at: call.offset)
        return .bool
    }

    /// The text of an argument that must be known before the expression runs.
    func literalName(_ id: Int, of function: String, what: String) throws(ExpressionError) -> String {
        guard case .literal(.string(let name)) = tree[id].kind, !name.isEmpty else {
            throw error("\(function) needs \(what) as a literal string", at: tree[id].offset)
        }
        return name
    }

    // MARK: Arguments

    func expectArguments(_ call: Call, _ count: Int) throws(ExpressionError) {
        guard call.arguments.count == count else {
            let wanted = count == 0 ? "no arguments" : count == 1 ? "one argument" : "\(count) arguments"
            throw error("\(call.name) takes \(wanted), not \(call.arguments.count)", at: call.offset)
        }
    }

    private func argument(_ call: Call) throws(ExpressionError) -> Int {
        try expectArguments(call, 1)
        return call.arguments[0]
    }

    // MARK: What does not exist

    private static let functions = [
        "did", "count", "sum", "first", "last", "score", "consented", "in_segment", "has", "size", "duration",
    ]
    private static let methods = ["size", "startsWith", "endsWith", "contains"]

    /// Of CEL's standard library and macros.
    private static let unavailable: Set<String> = [
        "all", "exists", "exists_one", "existsOne", "map", "filter", "matches", "int", "uint", "double", "string",
        "bytes", "bool", "timestamp", "dyn", "type", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
        "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds",
    ]

    static func isFunction(_ name: String) -> Bool { functions.contains(name) }

    private func unknownFunction(_ call: Call) -> ExpressionError {
        let isMethod = call.target != nil
        let known = isMethod ? Self.methods : Self.functions
        if Self.unavailable.contains(call.name) {
            let list = known.joined(separator: ", ")
            return error("\(call.name) is not available", at: call.offset, help: "available are \(list)")
        }
        if isMethod, Self.functions.contains(call.name) {
            return error("\(call.name) is not a method", at: call.offset, help: "write \(call.name)(…)")
        }
        if !isMethod, Self.methods.contains(call.name) {
            return error("\(call.name) is a method", at: call.offset, help: "write text.\(call.name)(…)")
        }
        return error(
            "unknown function '\(call.name)'", at: call.offset,
            help: Spelling.help(for: call.name, among: known, called: isMethod ? "methods" : "functions"))
    }
}
