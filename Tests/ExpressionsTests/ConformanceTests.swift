import Foundation
import Model
import Testing

@testable import Expressions

/// The public conformance cases of CEL, from `LOODS_TEST_DATA/cel-spec`.
@Suite(.enabled(if: ConformanceCase.file != nil, "LOODS_TEST_DATA has no cel-spec")) struct ConformanceTests {
    /// An erratum: the expression holds a plain `?`, the value that the suite gives for it a backslash before it.
    static let disputed: Set<String> = [
        "parse.textproto/bytes_literals/triple_single_quoted_unescaped_punctuation"
    ]

    @Test func everyExpressionParses() throws {
        var parsed = 0
        for test in try ConformanceCase.all() {
            do throws(ExpressionError) {
                _ = try Parser.parse(SourceText(test.source))
                parsed += 1
            } catch {
                Issue.record("\(test.id): \(test.source): \(error)")
            }
        }
        #expect(parsed > 1000)
    }

    /// What the checker lets through without bindings has the value that the suite names.
    @Test func whatIsSupportedAgrees() throws {
        var agreed = 0
        for test in try ConformanceCase.all() where !test.hasBindings && !Self.disputed.contains(test.id) {
            guard let expression = try? Expression(test.source, scope: .audience, expecting: .dyn) else { continue }
            switch (test.expected, Result(catching: { try expression.evaluate(Nowhere()).value })) {
            case (.value(let expected), .success(let value)):
                var budget = StepBudget()
                let isNaN = "\(expected)" == "\(Value.double(.nan))" && "\(value)" == "\(expected)"
                #expect(try isNaN || value.typeName == expected.typeName && value.equals(expected, &budget), "\(test)")
                agreed += 1
            case (.error, .failure): agreed += 1
            case (.other, _): break
            case (_, let result): Issue.record("\(test): \(result)")
            }
        }
        #expect(agreed > 250)
    }
}

private struct Nowhere: EvaluationContext {
    let now = Timestamp(seconds: 0)
    let contact = JSON.null
    let stage: String? = nil
    let event: JSON? = nil
    let history = History()
    let runStart: HistoryPosition? = nil
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}

struct ConformanceCase {
    enum Expected { case value(Value), error, other }

    var id: String
    var source: String
    var hasBindings: Bool
    var expected: Expected

    static var file: URL? {
        guard let folder = ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] else { return nil }
        let file = URL(fileURLWithPath: folder).appendingPathComponent("cel-spec/simple-tests.json")
        return FileManager.default.fileExists(atPath: file.path) ? file : nil
    }

    static func all() throws -> [ConformanceCase] {
        let data = try Data(contentsOf: #require(file))
        let files = try #require(JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
        var cases: [ConformanceCase] = []
        for (file, content) in files.sorted(by: { $0.key < $1.key }) {
            for section in content["section"] as? [[String: Any]] ?? [] {
                for test in section["test"] as? [[String: Any]] ?? [] {
                    let name = "\(file)/\(section["name"] ?? "")/\(test["name"] ?? "")"
                    cases.append(ConformanceCase(name, test))
                }
            }
        }
        return cases
    }

    private init(_ id: String, _ test: [String: Any]) {
        self.id = id
        source = test["expr"] as? String ?? ""
        hasBindings = test["bindings"] != nil || test["type_env"] != nil || test["container"] != nil
        if test["eval_error"] != nil || test["any_eval_errors"] != nil {
            expected = .error
        } else if let value = test["value"] as? [String: Any] {
            expected = Self.value(value).map { .value($0) } ?? .other
        } else {
            expected = test["typed_result"] == nil ? .value(.bool(true)) : .other
        }
    }

    /// A value in protobuf's JSON form.
    private static func value(_ json: [String: Any]) -> Value? {
        guard let (kind, content) = json.first else { return nil }
        switch kind {
        case "null_value": return .null
        case "bool_value": return (content as? Bool).map { .bool($0) }
        case "int64_value": return (content as? String).flatMap { Int64($0) }.map { .int($0) }
        case "uint64_value": return (content as? String).flatMap { UInt64($0) }.map { .uint($0) }
        case "double_value":
            return ((content as? Double) ?? (content as? String).flatMap { Double($0) }).map { .double($0) }
        case "string_value": return (content as? String).map { .string($0) }
        case "bytes_value": return (content as? String).flatMap { Data(base64Encoded: $0) }.map { .bytes([UInt8]($0)) }
        case "list_value":
            let elements = (content as? [String: Any])?["values"] as? [[String: Any]] ?? []
            let values = elements.compactMap { value($0) }
            return values.count == elements.count ? .list(values) : nil
        case "map_value": return map((content as? [String: Any])?["entries"] as? [[String: Any]] ?? [])
        default: return nil
        }
    }

    private static func map(_ entries: [[String: Any]]) -> Value? {
        var values: [MapValue.Entry] = []
        for entry in entries {
            guard let key = (entry["key"] as? [String: Any]).flatMap({ value($0) }),
                let value = (entry["value"] as? [String: Any]).flatMap({ value($0) })
            else { return nil }
            values.append(MapValue.Entry(key: key, value: value))
        }
        return .map(MapValue(entries: values))
    }
}
