import Expressions
import Model
import Testing

@Suite struct FunctionTests {
    static let world = World(
        contact: World.json(
            #"{"email": "anne@shop.example", "pattern": "^a+$", "zone": "Europe/Amsterdam", "at": "2026-03-29T01:30:00Z"}"#
        ))

    /// Each is true.
    @Test(arguments: [
        "contact.email.matches('@shop[.]example$')", "!contact.email.matches('^shop')",
        "matches('aab', contact.pattern) == false",
        "'aaa'.matches(contact.pattern)", "contact.email.split('@')[1] == 'shop.example'",
        "contact.email.upperAscii().startsWith('ANNE')", "'%s has %d'.format(['Anne', 3]) == 'Anne has 3'",
        "'%.2f'.format([2.675]) == '2.67' && '%.1e'.format([99.96]) == '1.0e+02' && '%.0f'.format([1e22]) == '10000000000000000000000'",
        "'%.3f'.format([0.0005]) == '0.001' && '%.3f'.format([1e-320]) == '0.000' && '%e'.format([5e-324]) == '4.940656e-324'",
        "int('12') + int(3.9) == 15", "string(1.5) == '1.5' && string(3.0) == '3' && string(true) == 'true'",
        "type(1) == int && type(contact) == map && type(type(1)) == type", "double('1e3') == 1000.0",
        "timestamp(contact.at).getHours() == 1", "timestamp(contact.at).getHours('Europe/Amsterdam') == 3",
        "timestamp('2026-03-29T00:59:59Z').getHours(contact.zone) == 1",
        "timestamp(contact.at).getMinutes('-00:45') == 45",
        "timestamp(contact.at).getDayOfWeek() == 0 && timestamp(contact.at).getDayOfYear() == 87",
        "timestamp('2024-12-31T23:59:59Z').getDayOfYear() == 365", "timestamp(0) == timestamp('1970-01-01T00:00:00Z')",
        "string(timestamp('2026-03-29T03:30:00.120+02:00')) == '2026-03-29T01:30:00.12Z'",
        "duration('1.5h').getMinutes() == 90 && string(duration('-1500ms')) == '-1.5s'",
        "math.greatest(1, 2.5, 2u) == 2.5 && math.abs(-3) == 3", "base64.decode('aGk') == b'hi'",
        "ip('10.1.2.3') != ip('10.1.2.4') && cidr('10.0.0.0/8').containsIP('10.1.2.3')",
        "string(ip('2001:db8:0:0:1:0:0:1')) == '2001:db8::1:0:0:1'",
    ])
    func holds(_ source: String) throws {
        #expect(try value(source, in: Self.world) == .bool(true))
    }

    @Test(arguments: [
        ("'a'.matches(contact.email + '(')", EvaluationError.Code.invalidArgument),
        ("timestamp(contact.email) == timestamp(0)", .invalidArgument), ("int(1e30) == 1", .overflow),
        ("timestamp(contact.at).getHours('Moon/' + contact.zone) == 1", .invalidArgument),
        ("timestamp('9999-12-31T23:59:59Z') + duration('2s') > timestamp(0)", .overflow),
        ("timestamp('9999-12-31T23:59:59Z') - timestamp(0) > duration('1s')", .overflow),
        ("string(b'\\xff') == ''", .invalidArgument), ("'abc'.substring(2, 1) == ''", .invalidArgument),
        ("bool('maybe')", .invalidArgument), ("math.bitShiftLeft(1, -1) == 1", .invalidArgument),
    ])
    func errs(_ source: String, _ code: EvaluationError.Code) {
        #expect(evaluationError(source, in: Self.world)?.code == code)
    }

    /// A record answers what the JSON that it was made of answers.
    @Test func records() throws {
        let json = World.json(#"{"plan": "pro", "address": {"city": "Delft", "é": [1, {"x": null}]}, "tags": ["a"]}"#)
        var prepared = World(contact: json)
        prepared.record = Record(json)
        for source in [
            "contact.plan", "contact.address", "contact.address.`city`", "contact['address']['é'][1].x",
            "has(contact.plan)",
            "has(contact.address.x)", "contact.address.x", "contact.plan.x", "contact.tags.map(t, t + t)",
            "size(contact)",
            "'plan' in contact", "contact.map(k, k)", "contact == {'plan': 'pro'}", "contact.plan == 'pro'",
            "contact.plan.endsWith('o')", "contact.address.city < 'E'", "contact.x == 1", "contact",
        ] {
            let expression = try Expression(source, scope: .audience, expecting: .dyn)
            let (left, right) = (
                Result { try expression.evaluate(World(contact: json)) }, Result { try expression.evaluate(prepared) }
            )
            switch (left, right) {
            case (.success(let left), .success(let right)): #expect("\(left.value)" == "\(right.value)", "\(source)")
            case (.failure(let left), .failure(let right)): #expect("\(left)" == "\(right)", "\(source)")
            default: Issue.record("\(source): \(left), \(right)")
            }
        }
    }
}
