import Expressions
import Model
import Testing

@Suite struct OperatorTests {
    static let world = World(
        contact: World.json(
            #"""
            {"plan": "pro", "seats": 3, "rate": 2.5, "big": 9007199254740993, "near": 9007199254740992.0, "vip": true,
             "none": null, "tags": ["a", 2, 2.5], "first name": "Anne", "address": {"city": "Delft"}, "accent": "é"}
            """#))

    /// Each is true.
    @Test(arguments: [
        "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3", "-7 / 2 == -3", "-7 % 3 == -1", "7u % 4u == 3u",
        "1.0 / 0.0 > 1e300", "0.0 / 0.0 != 0.0 / 0.0", "'a' + 'b' == 'ab'", "[1] + [2] == [1, 2]",
        "b'a' + b'b' == b'ab'", "10 - 3 - 2 == 5", "1 == 1.0", "1u < 1.5", "-1 < 0u", "18446744073709551615u > -1",
        "contact.big == contact.near", "contact.big != 9007199254740992", "contact.seats == 3u", "contact.seats >= 2.5",
        "contact.plan == 'pro'", "contact.plan != 3", "!(contact.plan == 3)", "contact.none == null",
        "contact.plan != null", "contact['first name'] == 'Anne'", "contact.`first name` == 'Anne'",
        "contact.address.city == 'Delft'", "contact.tags[1] == 2", "contact.tags[2.0] == 2.5",
        "2 in contact.tags", "2.0 in contact.tags", "!('b' in contact.tags)", "'plan' in contact", "!('x' in contact)",
        "contact.tags == ['a', 2u, 2.5]", "contact.address == {'city': 'Delft'}", "{1: 'a'}[1.0] == 'a'",
        "{'a': [1]} == {'a': [1.0]}", "has(contact.plan)", "!has(contact.nothing)", "has(contact.none)",
        "has(contact.address.city)", "contact.vip", "contact.vip ? true : false", "false ? 1 / 0 == 1 : true",
        "'b' > 'a' && 'é' > 'z'", "'e\\u0301' != contact.accent", "false < true", "b'a' < b'b'",
        "size('é😀') == 2", "'héé'.size() == 3", "size([1, 2]) == 2", "size(contact) == 11", "size(b'\\xff') == 1",
        "'hello'.startsWith('he')", "'hello'.endsWith('llo')", "'abababc'.contains('ababc')", "'x'.contains('')",
        "!'hello'.contains('hellow')", "!'e\\u0301'.startsWith('é')", "contact.plan.startsWith('p')",
        "duration('1h') + duration('30m') == duration('90m')", "duration('7d') > duration('6d')",
        "!!true", "!false && true || false", "false || true && true", "true ? (false ? false : true) : false",
        "false ? false : true ? true : false",
        "'pro' in ['free', 'pro']", "contact.seats in [1, 2, 3]", "3 > 2 == true",
    ])
    func holds(_ source: String) throws {
        #expect(try value(source, in: Self.world) == .bool(true))
    }

    @Test(arguments: [
        ("9223372036854775807 + 1 == 0", EvaluationError.Code.overflow, 21),
        ("-(-9223372036854775808) == 0", .overflow, 1),
        ("-9223372036854775808 / -1 == 0", .overflow, 22), ("0u - 1u == 0u", .overflow, 4),
        ("1 / 0 == 1", .divisionByZero, 3), ("1 % 0 == 1", .divisionByZero, 3),
        ("contact.missing == 1", .noSuchKey, 9), ("contact['missing'] == 1", .noSuchKey, 8),
        ("contact.plan.x == 1", .noSuchOverload, 14), ("contact.plan > 3", .noSuchOverload, 14),
        ("contact.tags[3] == 1", .invalidArgument, 13),
        ("contact.tags['a'] == 1", .noSuchOverload, 13), ("!contact.plan", .noSuchOverload, 1),
        ("contact.plan && true", .noSuchOverload, 14), ("contact.seats.startsWith('a')", .noSuchOverload, 15),
        ("contact.plan ? 1 : 2", .noSuchOverload, 14), ("1 in contact.plan", .noSuchOverload, 3),
        ("has(contact.plan.x)", .noSuchOverload, 1), ("{'a': 1, 'a': 2} == {}", .invalidArgument, 1),
        ("first('Never') == last('Never')", .never, 1), ("run.did('X')", .unavailable, 5),
        ("event.name", .unavailable, 1),
    ])
    func errs(_ source: String, _ code: EvaluationError.Code, _ column: Int) throws {
        let error = try #require(evaluationError(source, in: Self.world))
        #expect(error.code == code)
        #expect(error.line == 1)
        #expect(error.column == column, "\(error)")
    }

    /// `&&` and `||` absorb an error on either side when the other side decides.
    @Test(
        arguments: [
            ("contact.x == 1 && false", false), ("false && contact.x == 1", false), ("contact.x == 1 || true", true),
            ("true || contact.x == 1", true), ("true && contact.x == 1 && false", false),
            ("contact.x == 1 || contact.y == 1 || true", true), ("contact.plan && false", false),
            ("(contact.x == 1 && false) || true", true), ("contact.x == 1 && true", nil),
            ("contact.x == 1 || false", nil),
            ("contact.x == 1 && contact.y == 1", nil), ("!(contact.x == 1)", nil), ("contact.x ? true : true", nil),
        ] as [(String, Bool?)])
    func absorption(_ source: String, _ expected: Bool?) throws {
        let expression = try Expression(source, scope: .audience)
        #expect((try? expression.evaluate(Self.world).value.bool) == expected)
        #expect(expression.holds(in: Self.world).holds == (expected ?? false))
    }

    /// Whatever is dynamic is held to the declared type when it runs.
    @Test func declaredType() throws {
        let condition = try Expression("contact.plan", scope: .audience)
        #expect(condition.holds(in: Self.world).holds == false)
        #expect(throws: EvaluationError.self) { try condition.evaluate(Self.world) }
        #expect(
            try Expression("contact.plan", scope: .audience, expecting: .string).evaluate(Self.world).value.string
                == "pro")
    }

    @Test func segmentsAndContext() throws {
        let world = World(event: World.json(#"{"context": {"page": {"path": "/docs"}}}"#), segments: ["trial"])
        #expect(try value("in_segment('trial') && !in_segment('paid')", in: world) == .bool(true))
        #expect(try Expression("in_segment('trial')", scope: .audience).holds(in: world).validUntil == .distantFuture)
        #expect(try value("event.context.page.path", in: world) == .string("/docs"))
    }

    @Test func noContact() throws {
        #expect(try value("has(contact.plan)", in: World(contact: .null)) == .bool(false))
        #expect(try value("stage == ''") == .bool(true))
        #expect(try value("stage", in: World(stage: "Do")) == .string("Do"))
    }
}
