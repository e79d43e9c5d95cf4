import Model
import Patterns

/// What is known before the expression runs, and is wrong where it is written and not only when it runs.
extension Checker {
    static let durationHelp = "write 7d, 36h, 1d12h or 90m"

    /// A call whose argument is a literal that can be read once and for all; nil where that is not so.
    mutating func constant(_ call: Call, _ operands: [Int]) throws(ExpressionError) -> ValueType? {
        guard let last = operands.last, case .literal(.string(let text)) = tree[last].kind else { return nil }
        switch (call.name, operands.count) {
        case ("duration", 1):
            return try literal(call, last, .duration, help: Self.durationHelp) { () throws(Fault) in
                guard let moment = Moment(durationLiteral: text) else {
                    throw Fault(.invalidArgument, "'\(text)' is not a duration")
                }
                return try .duration(moment)
            }
        case ("timestamp", 1):
            return try literal(call, last, .timestamp, help: "such as 2026-03-02T10:00:00Z") { () throws(Fault) in
                guard let moment = Moment(rfc3339: text) else {
                    throw Fault(.invalidArgument, "'\(text)' is not a timestamp")
                }
                return try .timestamp(moment)
            }
        case ("matches", 2): return try pattern(call, operands[0], text, at: last)
        case ("startsWith", 2), ("endsWith", 2), ("contains", 2): return try test(call, operands[0], text)
        case (_, 2) where FunctionCatalog.methods[call.name]?.first?.parameters.first == .timestamp:
            return try part(call, operands[0], text, at: last)
        default: return nil
        }
    }

    private mutating func literal(
        _ call: Call, _ operand: Int, _ type: ValueType, help: String, _ read: () throws(Fault) -> Value
    ) throws(ExpressionError) -> ValueType {
        do throws(Fault) {
            program.emit(constant: try read(), at: call.offset)
        } catch {
            try refuse(error, at: tree[operand].offset, help: help, call)
        }
        return type
    }

    /// In standard CEL an error is a value.
    private mutating func refuse(
        _ fault: Fault, at offset: Int, help: String?, _ call: Call
    ) throws(ExpressionError) {
        guard isStandard else { throw error(fault.message, at: offset, help: help) }
        program.emit(fault: fault, at: call.offset)
    }

    private mutating func pattern(
        _ call: Call, _ text: Int, _ pattern: String, at operand: Int
    ) throws(ExpressionError) -> ValueType {
        let compiled: LinearPattern
        do throws(Fault) {
            compiled = try LinearPattern.compiled(pattern)
        } catch {
            try refuse(error, at: tree[operand].offset, help: "the syntax is that of RE2", call)
            return .bool
        }
        try require(.string, check(text), of: "matches", at: tree[text].offset)
        program.emit(.matches(program.tables.patterns.count), at: call.offset)
        program.tables.patterns.append(compiled)
        return .bool
    }

    private mutating func test(_ call: Call, _ operand: Int, _ part: String) throws(ExpressionError) -> ValueType? {
        if call.target != nil, case .identifier(let name) = tree[operand].kind, let local = local(name),
            local.type.fits(.string)
        {
            let function = FunctionCatalog.methods[call.name]![0].function
            program.emit(
                .testLocal(function, local: local.number, constant: program.tables.constants.count), at: call.offset)
            program.tables.constants.append(.string(part))
            return .bool
        }
        guard call.target != nil, let path = try pathNumber(operand), !program.tables.paths[path].fields.isEmpty
        else { return nil }
        let function = FunctionCatalog.methods[call.name]![0].function
        program.emit(.test(function, path: path, constant: program.tables.constants.count), at: call.offset)
        program.tables.constants.append(.string(part))
        return .bool
    }

    private mutating func part(
        _ call: Call, _ operand: Int, _ name: String, at zone: Int
    ) throws(ExpressionError) -> ValueType {
        guard let rules = ZoneRules(name) else {
            let fault = Fault(.invalidArgument, "'\(name)' is not a time zone")
            try refuse(fault, at: tree[zone].offset, help: "such as Europe/Amsterdam, UTC or +02:00", call)
            return .int
        }
        try require(.timestamp, check(operand), of: call.name, at: tree[operand].offset)
        let function = FunctionCatalog.methods[call.name]![0].function
        program.emit(.part(function, zone: program.tables.zones.count), at: call.offset)
        program.tables.zones.append(rules)
        return .int
    }
}
