import Expressions
import Model
import Testing

/// What is answered from a property alone is what the whole expression comes to.
struct PropertyTestTests {
    private static let properties = [
        "{}", "[]", "null", "7", #"{"a": null}"#, #"{"a": 5}"#, #"{"a": 5.0}"#, #"{"a": 5.5}"#, #"{"a": -0.0}"#,
        #"{"a": true}"#,
        #"{"a": false}"#, #"{"a": "5"}"#, #"{"a": ""}"#, #"{"a": "/rope/7"}"#, #"{"a": "a/rope"}"#, #"{"a": "é"}"#,
        #"{"a": "e\u0301"}"#, #"{"a": [5]}"#, #"{"a": {"b": 5}}"#, #"{"a": {"b": "/rope"}}"#,
        #"{"a": 9007199254740993}"#, #"{"a": 9223372036854775807}"#, #"{"a": -9223372036854775808}"#, #"{"a": 1e300}"#,
        #"{"a": "\#(String(repeating: "x", count: 500))/rope"}"#,
    ]

    private static let constants = [
        "5", "5.0", "5.5", "0", "-1", "true", "\"5\"", "\"\"", "\"é\"", "9007199254740992", "9007199254740993.0",
        "9223372036854775807",
    ]

    private static let conditions: [String] = {
        var conditions: [String] = []
        for path in ["a", "a.b", "b"] {
            for symbol in ["==", "!=", "<", "<=", ">", ">="] {
                conditions += constants.map { "event.properties.\(path) \(symbol) \($0)" }
            }
            for function in ["startsWith", "endsWith", "contains"] {
                conditions += ["", "/rope", "é", "rope/7"].map { "event.properties.\(path).\(function)(\"\($0)\")" }
            }
        }
        return conditions
    }()

    @Test func itIsWhatTheWholeConditionComesTo() throws {
        var answered = 0
        for source in Self.conditions {
            guard let condition = try? Expression(source, scope: .event) else { continue }
            let test = try #require(condition.propertyTest, "\(source)")
            for text in Self.properties {
                let properties = World.json(text)
                var world = World()
                world.event = .object(["name": .string("Page Viewed"), "properties": properties])
                let property = test.path.reduce(Optional(properties)) { value, field in value?[field] }
                #expect(test.holds(of: property) == condition.holds(in: world).holds, "\(source) of \(text)")
                answered += 1
            }
        }
        #expect(answered > 4_000)
    }

    @Test(arguments: [
        "event.properties.a == 5 || event.properties.a == 6", "!(event.properties.a == 5)", "event.name == \"5\"",
        "event.context.a == 5", "contact.a == 5", "event.properties == {}", "event.properties.a in [5, 6]",
        "has(event.properties.a)", "event.properties.a", "event.properties.a == event.properties.b",
        "event.properties.a == null", "count(\"Page Viewed\") > 5", "score(\"engagement\") > 5",
    ])
    func whatAsksForMoreIsNone(source: String) throws {
        #expect(try Expression(source, scope: .event).propertyTest == nil)
    }

    @Test(arguments: [
        "count(\"Page Viewed\") == 5", "sum(\"Page Viewed\", \"a\") > 5.0", "score(\"engagement\") > 5.0 && true",
        "run.count(\"Page Viewed\") > 5", "count(\"Page Viewed\") > count(\"Order Completed\")", "contact.a > 5",
        "score(\"engagement\") == 5.0", "did(\"Page Viewed\")", "count(\"Page Viewed\") > 9007199254740993",
    ])
    func whatIsNoThresholdIsNone(source: String) throws {
        #expect(try Expression(source, scope: [.event, .run]).thresholdTest == nil)
    }
}
