import Expressions
import Model
import Testing

@Suite struct MacroTests {
    static let world = World(
        contact: World.json(
            #"""
            {"tags": ["new", "vip-2026"], "orders": [{"total": 10, "paid": true}, {"total": 20.5, "paid": false}],
             "limits": {"mail": 3, "sms": 0}, "none": [], "plan": "pro"}
            """#),
        event: World.json(#"{"properties": {"revenue": 10, "rate": 2.5, "count": 3}}"#),
        history: History([HistoryEvent("View", ago: .days(3))]))

    /// Each is true.
    @Test(arguments: [
        "contact.tags.exists(t, t.startsWith('vip'))", "!contact.tags.all(t, t.startsWith('vip'))",
        "contact.none.all(t, t == 1)", "!contact.none.exists(t, t == 1)", "contact.tags.exists_one(t, t == 'new')",
        "contact.orders.filter(o, o.paid).map(o, o.total) == [10]", "contact.orders.map(o, o.paid, o.total) == [10]",
        "contact.limits.exists(k, contact.limits[k] == 0)", "contact.limits.all(k, v, v < 4 && k != 'x')",
        "contact.tags.exists(i, t, i == 1 && t == 'vip-2026')", "[3, 4].transformList(i, v, i * v) == [0, 4]",
        "contact.limits.transformMap(k, v, v + 1) == {'mail': 4, 'sms': 1}",
        "[1, 2].map(contact, contact + 1) == [2, 3]",
        "[1].all(x, [2].all(y, [3].all(x, x > y) && x < y))", "[0, 2].exists(x, 4 / x == 2)",
        "![0, 2].all(x, 4 / x == 1)", "cel.bind(x, contact.plan, x + x == 'propro')",
        "contact.?plan.orValue('free') == 'pro'", "contact.?nothing.orValue('free') == 'free'",
        "contact.?nothing.deeper.orValue(1) == 1", "contact.?plan.optMap(p, p + '!').orValue('') == 'pro!'",
        "!contact.?nothing.optFlatMap(p, optional.of(p)).hasValue()", "[?contact.?plan, ?contact.?x] == ['pro']",
        "{?'a': contact.?plan, ?'b': contact.?x} == {'a': 'pro'}", "contact.tags[?7].orValue('none') == 'none'",
    ])
    func holds(_ source: String) throws {
        #expect(try value(source, in: Self.world) == .bool(true))
    }

    @Test(arguments: [
        ("contact.plan.all(x, true)", EvaluationError.Code.noSuchOverload),
        ("[1, 0].map(x, 4 / x) == []", .divisionByZero), ("[1, 0].exists_one(x, 4 / x == 4)", .divisionByZero),
        ("[2, 0].exists(x, 4 / x == 4)", .divisionByZero), ("contact.tags.exists(t, t)", .noSuchOverload),
        ("contact.tags.all(t, contact.x)", .noSuchKey), ("optional.none().value() == 1", .invalidArgument),
    ])
    func errs(_ source: String, _ code: EvaluationError.Code) {
        #expect(evaluationError(source, in: Self.world)?.code == code)
    }

    /// Windows in the body of a macro say how long its result holds; what decides says so alone.
    @Test(arguments: [
        ("[1, 2].exists(x, x == 3 || did('View', '4d'))", Span.days(1) as Span?),
        ("[1, 2].all(x, x < 3 && did('View', '4d'))", .days(1)), ("[1, 2].exists(x, x == 1 || did('View', '4d'))", nil),
        ("[1, 2].map(x, did('View', '4d')) == [true, true]", .days(1)),
        ("cel.bind(seen, did('View', '4d'), seen)", .days(1)),
        ("optional.of(did('View', '4d')).optMap(x, x).value()", .days(1)),
    ])
    func validity(_ source: String, _ ahead: Span?) throws {
        let result = try Expression(source, scope: .audience).evaluate(Self.world)
        #expect(result.value == .bool(true))
        #expect(result.validUntil == ahead.map { World.noon + $0 } ?? .distantFuture)
    }

    /// Numbers from JSON are of one kind, whether they are written 10 or 10.0.
    @Test(arguments: [
        ("event.properties.revenue * 1.21 > 12.0", Value.bool(true)), ("event.properties.revenue + 1", .int(11)),
        ("event.properties.rate + 1", .double(3.5)), ("event.properties.rate * event.properties.revenue", .double(25)),
        ("event.properties.revenue / 4", .double(2.5)), ("event.properties.revenue / 5", .int(2)),
        ("event.properties.count % 2", .int(1)),
        ("contact.orders.map(o, o.total * 2)", .list([.int(20), .double(41)])),
        ("score('s') + event.properties.count", .double(3)), ("(has(contact.x) ? contact.x : 0) + 1.5", .double(1.5)),
    ])
    func numbersOfJSON(_ source: String, _ expected: Value) throws {
        #expect(try value(source, in: Self.world) == expected)
    }

    /// Everywhere else CEL's own rule stands: arithmetic does not mix types.
    @Test func numbersOfCEL() {
        #expect(evaluationError("dyn(10) * 1.21 > 1.0")?.code == .noSuchOverload)
        #expect(evaluationError("dyn(event.properties.revenue) * 1.21 > 1.0", in: Self.world)?.code == .noSuchOverload)
        #expect(checkError("count('View') * 1.21 > 1.0") != nil)
    }
}
