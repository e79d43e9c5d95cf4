import Foundation
import TestSupport
import Testing

@Suite struct CommandLineExpressionTests {
    private static let contact = """
        {"attributes": {"plan": "pro", "seats": 3}, "stage": "Think", "consents": ["offers"], "segments": ["trial"],
         "scores": {"fit": 12, "engagement": {"value": 40, "half_life": "7d"}},
         "events": [{"name": "View", "ago": "3d"},
                    {"name": "Order", "at": "2026-03-01T12:00:00Z", "properties": {"revenue": 10}}],
         "event": {"name": "View", "properties": {"price": 10}, "context": {"page": {"path": "/docs"}}}}
        """

    private static func eval(_ expression: String, _ line: Terminal, exits code: Int32 = 0) async throws -> String {
        try line.write(contact, to: "anne.json")
        return try await line(
            "expr", "eval", expression, "--contact", line.path("anne.json"), "--at", "2026-03-02T12:00:00Z", exits: code
        ).output
    }

    @Test func valuesHaveATypeAndAnInstant() async throws {
        try await Terminal.with { line in
            let seen = try await Self.eval("did('View', '4d') && contact.plan == 'pro'", line)
            #expect(seen == "value  true\ntype   bool\nuntil  2026-03-03T12:00:00Z (in 1d)\n")
            let sum = try await Self.eval("sum('Order', 'revenue') + event.properties.price * 1.5", line)
            #expect(sum == "value  25.0\ntype   double\nuntil  for ever: time alone never changes it\n")
            let facts = "stage == 'Think' && in_segment('trial') && consented('offers') && score('fit') > 3"
            #expect(
                try await Self.eval(facts + " && event.context.page.path == '/docs'", line).hasPrefix("value  true"))
            let score = try await Self.eval("score('engagement') >= 20", line)
            #expect(score.contains("until  2026-03-09T11:59:59"))
            let alone = try await line("expr", "eval", "[1, 2].map(x, x * 2)", "--json").object()
            #expect(alone["value"] as? [Int] == [2, 4])
            #expect(alone["type"] as? String == "list(int)")
            #expect(alone["valid_until"] is NSNull)
        }
    }

    @Test func errorsPointAtTheirPlace() async throws {
        try await Terminal.with { line in
            let refused = try await Self.eval("contact.plan == 'pro' &&\n contact.plan.matches('a(')", line, exits: 1)
            #expect(refused.hasPrefix("error  2:23: the pattern is wrong: missing ): a(\n"))
            #expect(refused.contains("\n        contact.plan.matches('a(')\n                             ^\n"))
            let failed = try await Self.eval("contact.nothing == 1 && did('View', '4d')", line, exits: 1)
            #expect(failed.contains("error  1:9: no such key 'nothing'"))
            #expect(failed.contains("until  2026-03-03T12:00:00Z (in 1d)"))
            let json = try await line("expr", "eval", "1 / 0", "--json", exits: 1).object()
            #expect((json["error"] as? [String: Any])?["code"] as? String == "divisionByZero")
        }
    }

    @Test func documentsAreHeldToTheirForm() async throws {
        try await Terminal.with { line in
            try line.write(#"{"attributs": {}}"#, to: "wrong.json")
            let unknown = try await line("expr", "eval", "1", "--contact", line.path("wrong.json"), exits: 1)
            #expect(unknown.output.contains("'attributs' is not a member"))
            try line.write(#"{"events": [{"name": "A", "at": "noon"}]}"#, to: "wrong.json")
            let time = try await line("expr", "eval", "1", "--contact", line.path("wrong.json"), exits: 1)
            #expect(time.output.contains("events[0].at is an instant"))
            try await line("expr", "eval", "1", "--contact", line.path("none.json"), exits: 64)
            try await line("expr", "eval", "1", "--at", "noon", exits: 64)
        }
    }

    @Test func conformanceCounts() async throws {
        try await Terminal.with { line in
            let cases = """
                {"name": "own", "section": [{"name": "s", "test": [
                  {"name": "sum", "expr": "1 + 1", "value": {"int64_value": "2"}}, {"name": "true", "expr": "x.y", \
                "bindings": {"x.y": {"value": {"bool_value": true}}}},
                  {"name": "error", "expr": "1 / 0", "eval_error": {"errors": [{"message": "x"}]}},
                  {"name": "message", "expr": "google.protobuf.Value{} == null"}
                """
            try line.write(cases + "]}]}", to: "cases.json")
            let sound = try await line("expr", "conformance", line.path("cases.json")).output
            #expect(
                sound == "skipped  own/s/message: names the protobuf type google.protobuf.Value\n"
                    + "3 passed, 0 failed, 1 skipped\n")
            try line.write(
                cases + #", {"name": "wrong", "expr": "1", "value": {"double_value": 1.0}}]}]}"#, to: "cases.json")
            let wrong = try await line("expr", "conformance", line.path("cases.json"), exits: 1).output
            #expect(wrong.contains("failed   own/s/wrong: expected 1.0, got 1\n"))
            #expect(wrong.hasSuffix("3 passed, 1 failed, 1 skipped\n"))
            try await line("expr", "conformance", line.path("none.json"), exits: 64)
        }
    }
}
