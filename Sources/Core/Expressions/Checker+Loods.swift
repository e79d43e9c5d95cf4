import Model

/// The functions on a contact.
extension Checker {
    /// nil for a function of CEL itself.
    mutating func loods(_ call: Call) throws(ExpressionError) -> ValueType? {
        if let question = HistoryQuery.Question(rawValue: call.name) {
            return try history(question, call, sinceRunStart: false)
        }
        switch call.name {
        case "score":
            program.emit(.score(program.number(ofName: try scoreModel(call))), at: call.offset)
            return .double
        case "band":
            program.emit(.band(program.number(ofName: try scoreModel(call))), at: call.offset)
            return .string
        case "consented": return try consented(call)
        case "in_segment": return try inSegment(call)
        default: return nil
        }
    }

    mutating func scoreModel(_ call: Call) throws(ExpressionError) -> String {
        let argument = try argument(call)
        let name = try literalName(argument, of: call.name, what: "the name of a score")
        try require(
            name, among: declarations.vocabulary.scores, called: "score", plural: "scores", at: tree[argument].offset)
        program.mentions.scores.insert(name)
        return name
    }

    private mutating func consented(_ call: Call) throws(ExpressionError) -> ValueType {
        let topic = try argument(call)
        let name = try literalName(topic, of: "consented", what: "a topic")
        try require(
            name, among: declarations.vocabulary.topics, called: "topic", plural: "topics", at: tree[topic].offset)
        program.mentions.topics.insert(name)
        program.emit(.consented(program.number(ofName: name)), at: call.offset)
        return .bool
    }

    private mutating func inSegment(_ call: Call) throws(ExpressionError) -> ValueType {
        let segment = try argument(call)
        let name = try literalName(segment, of: "in_segment", what: "the name of a segment")
        try require(
            name, among: declarations.vocabulary.segments, called: "segment", plural: "segments",
            at: tree[segment].offset)
        program.mentions.segments.insert(name)
        program.emit(.inSegment(program.number(ofName: name)), at: call.offset)
        return .bool
    }

    // MARK: What does not exist

    private static let functions = [
        "did", "count", "sum", "first", "last", "score", "band", "consented", "in_segment", "has",
    ]

    static func isFunction(_ name: String) -> Bool {
        functions.contains(name) || FunctionCatalog.functions[name] != nil
    }

    func unknownFunction(_ call: Call) -> ExpressionError {
        let isMethod = call.target != nil
        if isMethod, Self.isFunction(call.name) {
            return error("\(call.name) is not a method", at: call.offset, help: "write \(call.name)(…)")
        }
        if !isMethod, FunctionCatalog.methods[call.name] != nil {
            return error("\(call.name) is a method", at: call.offset, help: "write text.\(call.name)(…)")
        }
        if !isMethod, Self.macros.contains(call.name) {
            return error("\(call.name) is a macro", at: call.offset, help: "write list.\(call.name)(x, …)")
        }
        let known =
            isMethod
            ? Array(FunctionCatalog.methods.keys) + Self.macros
            : Self.functions + FunctionCatalog.functions.keys
        return error(
            "unknown function '\(call.name)'", at: call.offset,
            help: Spelling.help(for: call.name, among: known, called: isMethod ? "methods" : "functions"))
    }
}
