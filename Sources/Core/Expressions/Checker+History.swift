import Model

extension Checker {
    /// `run.did(…)` and its siblings.
    mutating func runCall(_ call: Call) throws(ExpressionError) -> ValueType {
        guard let question = HistoryQuery.Question(rawValue: call.name) else {
            throw error(
                "unknown function 'run.\(call.name)'", at: call.offset,
                help: "there are run.did, run.count, run.sum, run.first and run.last")
        }
        guard declarations.scope?.contains(.run) == true else {
            throw error(
                "run.\(call.name) is only available inside a journey", at: call.offset,
                help: "\(call.name)(…) asks the whole history")
        }
        return try history(question, call, sinceRunStart: true)
    }

    /// `did(event [, window])`, `count(event [, window])`, `sum(event, property [, window])`, `first(event)`,
    /// `last(event)`.
    mutating func history(
        _ question: HistoryQuery.Question, _ call: Call, sinceRunStart: Bool
    ) throws(ExpressionError) -> ValueType {
        let required = question == .sum ? 2 : 1
        let allowed = question == .first || question == .last ? required : required + 1
        guard (required...allowed).contains(call.arguments.count) else {
            throw error("\(call.name) takes \(Self.signature(question))", at: call.offset)
        }
        var query = HistoryQuery(question: question, event: "", sinceRunStart: sinceRunStart)
        query.event = try literalName(call.arguments[0], of: call.name, what: "the name of an event")
        try require(
            query.event, among: declarations.vocabulary.events, called: "event", plural: "events",
            at: tree[call.arguments[0]].offset)
        if question == .sum {
            query.property = try literalName(call.arguments[1], of: "sum", what: "the name of a property")
        }
        if call.arguments.count > required { query.window = try window(call.arguments[required], of: call.name) }
        program.mentions.add(query)
        program.emit(.history(program.tables.queries.count), at: call.offset)
        program.tables.queries.append(query)
        return Self.type(of: question)
    }

    private static func signature(_ question: HistoryQuery.Question) -> String {
        switch question {
        case .did, .count: "an event and, if wanted, a window: \(question)(\"Order Completed\", \"7d\")"
        case .sum: "an event, a property and, if wanted, a window: sum(\"Order Completed\", \"revenue\", \"7d\")"
        case .first, .last: "an event: \(question)(\"Order Completed\")"
        }
    }

    private static func type(of question: HistoryQuery.Question) -> ValueType {
        switch question {
        case .did: .bool
        case .count: .int
        case .sum: .double
        case .first, .last: .timestamp
        }
    }

    /// A window is known before the expression runs, so that it can be held against what the store keeps.
    private func window(_ id: Int, of function: String) throws(ExpressionError) -> Span {
        let text: String
        switch tree[id].kind {
        case .literal(.string(let literal)): text = literal
        case .call("duration", target: nil, let arguments) where arguments.count == 1:
            guard case .literal(.string(let literal)) = tree[arguments[0]].kind else { fallthrough }
            text = literal
        default:
            throw error("the window of \(function) is a literal", at: tree[id].offset, help: Self.durationHelp)
        }
        guard let span = Moment(durationLiteral: text).map({ Span(microseconds: $0.microseconds) }) else {
            throw error("'\(text)' is not a duration", at: tree[id].offset, help: Self.durationHelp)
        }
        guard span > .zero else { throw error("a window is longer than nothing", at: tree[id].offset) }
        if let retention = declarations.vocabulary.retention, span > retention {
            throw error(
                "a window of \(span) is longer than the log is kept, \(retention)", at: tree[id].offset,
                help: "without a window \(function) counts all there ever was; loods log keep keeps the log longer")
        }
        return span
    }
}
