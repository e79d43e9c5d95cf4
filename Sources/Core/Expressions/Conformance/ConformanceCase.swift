import Model

/// One case: an expression, what its names mean, and what it must come to.
struct ConformanceCase: Sendable {
    var name: String
    var test: JSON

    private var source: String { test["expr"]?.string ?? "" }

    func run() -> ConformanceSuite.Outcome {
        if let message = ProtobufNames.first(in: test) { return .skipped("names the protobuf type \(message)") }
        do throws(ConformanceError) {
            let declarations = try declarations()
            let expression: Expression
            do throws(ExpressionError) {
                expression = try Expression(source, declarations)
            } catch let error {
                throw ConformanceError("\(error)")
            }
            if let fault = try typeFault(expression) { return .failed(fault) }
            guard test["check_only"] != .bool(true) else { return .passed }
            return try judge(expression)
        } catch {
            return .failed(error.description)
        }
    }

    private func judge(_ expression: Expression) throws(ConformanceError) -> ConformanceSuite.Outcome {
        let expectsError = test["eval_error"] != nil || test["any_eval_errors"] != nil
        let world = Bindings(values: try bindings())
        let value: Value
        do throws(EvaluationError) {
            value = try expression.evaluate(world).value
        } catch {
            return expectsError ? .passed : .failed("\(error)")
        }
        guard !expectsError else { return .failed("expected an error, got \(value)") }
        let expected = try (test["value"] ?? test["typed_result"]?["result"]).map(ConformanceValue.value)
        let wanted = expected ?? .bool(true)
        return wanted.isSameResult(as: value) ? .passed : .failed("expected \(wanted), got \(value)")
    }

    private func typeFault(_ expression: Expression) throws(ConformanceError) -> String? {
        guard let deduced = test["typed_result"]?["deduced_type"] else { return nil }
        let expected = try ConformanceValue.type(deduced).settled
        return expected == expression.type ? nil : "expected the type \(expected), got \(expression.type)"
    }

    private func declarations() throws(ConformanceError) -> Declarations {
        var declarations = Declarations()
        declarations.container = test["container"]?.string ?? ""
        declarations.isChecked = test["disable_check"] != .bool(true)
        for name in (test["bindings"]?.object ?? [:]).keys { declarations.variables[name] = .dyn }
        for declaration in test["type_env"]?.array ?? [] {
            let name = declaration["name"]?.string ?? ""
            if let type = declaration["ident"]?["type"] {
                declarations.variables[name] = try ConformanceValue.type(type)
            }
            for overload in declaration["function"]?["overloads"]?.array ?? [] {
                declarations.functions[name, default: []].append(try ConformanceValue.function(overload))
            }
        }
        return declarations
    }

    private func bindings() throws(ConformanceError) -> [String: Value] {
        var values: [String: Value] = [:]
        for (name, binding) in test["bindings"]?.object ?? [:] {
            guard let value = binding["value"] else { throw ConformanceError("'\(name)' is bound to no value") }
            values[name] = try ConformanceValue.value(value)
        }
        return values
    }
}

/// A world of variables and nothing else.
private struct Bindings: EvaluationContext {
    var values: [String: Value]
    var now: Timestamp { Timestamp(seconds: 0) }
    var contact: JSON { .null }
    var stage: String? { nil }
    var event: JSON? { nil }
    var history: History { History() }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
    func variable(_ name: String) -> Value? { values[name] }
}

extension Value {
    /// Equality of results: of the same type too, and a NaN is one.
    fileprivate func isSameResult(as other: Value) -> Bool {
        if case .double(let left) = self, case .double(let right) = other, left.isNaN { return right.isNaN }
        if case .list(let left) = self, case .list(let right) = other {
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSameResult(as: $1) }
        }
        if case .map(let left) = self, case .map(let right) = other {
            return left.count == right.count
                && left.entries.allSatisfy { entry in right[entry.key].map(entry.value.isSameResult) ?? false }
        }
        return typeValue == other.typeValue && isSameKey(as: other)
    }
}
