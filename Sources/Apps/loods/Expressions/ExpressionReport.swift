import Expressions
import Model

/// What an expression came to, for people and for programs.
struct ExpressionReport {
    private enum Outcome {
        case value(Evaluated, ValueType)
        case refused(ExpressionError)
        case failed(EvaluationError)
    }

    private let source: String
    private let now: Timestamp
    private let outcome: Outcome

    init(_ source: String, in document: ContactDocument) {
        self.source = source
        now = document.now
        let expression: Expression
        do throws(ExpressionError) {
            expression = try Expression(source, scope: [.event, .run], expecting: .dyn)
        } catch {
            outcome = .refused(error)
            return
        }
        do throws(EvaluationError) {
            outcome = .value(try expression.evaluate(document), expression.type)
        } catch {
            outcome = .failed(error)
        }
    }

    var isValue: Bool { if case .value = outcome { true } else { false } }

    // MARK: For people

    var text: String {
        switch outcome {
        case .value(let evaluated, let type):
            """
            value  \(Console.safe(evaluated.value.description))
            type   \(Self.type(of: evaluated.value, type))
            until  \(until(evaluated.validUntil, "time alone never changes it"))
            """
        case .refused(let error):
            "error  \(error.line):\(error.column): \(error.message)\n" + pointer(error.line, error.column)
                + (error.help.map { "\n       \($0)" } ?? "")
        case .failed(let error):
            """
            error  \(Console.safe(error.description))
            \(pointer(error.line, error.column))
            until  \(until(error.validUntil, "time alone never gives it a value"))
            """
        }
    }

    /// What the checker knew, if anything, else what the value is.
    private static func type(of value: Value, _ checked: ValueType) -> String {
        (checked == .dyn ? value.type : checked).description
    }

    private func until(_ instant: Timestamp, _ never: String) -> String {
        guard instant < .distantFuture else { return "for ever: \(never)" }
        return "\(instant) (in \(instant - now))"
    }

    /// The line, and a caret below the place.
    private func pointer(_ line: Int, _ column: Int) -> String {
        let lines = source.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.indices.contains(line - 1) else { return "" }
        let text = String(lines[line - 1])
        let indent = text.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
        return "       \(Console.safe(text))\n       \(indent)^"
    }

    // MARK: For programs

    var json: JSON {
        switch outcome {
        case .value(let evaluated, let type):
            .object([
                "value": evaluated.value.json, "text": .string(evaluated.value.description),
                "type": .string(Self.type(of: evaluated.value, type)), "valid_until": Self.json(evaluated.validUntil),
            ])
        case .refused(let error):
            .object([
                "error": Self.json(error.message, error.line, error.column, help: error.help), "valid_until": .null,
            ])
        case .failed(let error):
            .object([
                "error": Self.json(error.message, error.line, error.column, help: nil, code: error.code.rawValue),
                "valid_until": Self.json(error.validUntil),
            ])
        }
    }

    private static func json(_ instant: Timestamp) -> JSON {
        instant < .distantFuture ? .string(instant.description) : .null
    }

    private static func json(
        _ message: String, _ line: Int, _ column: Int, help: String?, code: String = "refused"
    ) -> JSON {
        .object([
            "code": .string(code), "message": .string(message), "line": .int(Int64(line)),
            "column": .int(Int64(column)), "help": help.map { .string($0) } ?? .null,
        ])
    }
}
