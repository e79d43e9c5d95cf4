import Expressions
import Model
import Testing

@Suite struct LiteralTests {
    @Test(arguments: [
        ("0", Value.int(0)), ("-9223372036854775808", .int(.min)), ("9223372036854775807", .int(.max)),
        ("0xFf", .int(255)), ("-0x10", .int(-16)), ("--5", .int(5)), ("18446744073709551615u", .uint(.max)),
        ("0xFFU", .uint(255)), ("1.5", .double(1.5)), (".5", .double(0.5)), ("1e3", .double(1000)),
        ("-2.5E-1", .double(-0.25)), ("6.02e+2", .double(602)), ("true", .bool(true)), ("null", .null),
        ("[1, 'a', ]", .list([.int(1), .string("a")])), ("[]", .list([])), ("1 // one\n + 2", .int(3)),
    ])
    func plain(_ source: String, _ expected: Value) throws {
        #expect(try value(source) == expected)
    }

    @Test(
        arguments: [
            (#"'it''"#, nil), (#""a'b""#, "a'b"), (#"'a"b'"#, "a\"b"), (#""\x41\u00e9\U0001F600\101\n\?""#, "Aé😀A\n?"),
            (#"r"\n\d""#, #"\n\d"#), (#"R'\'"#, #"\"#), ("'''a\n'b'\r\nc'''", "a\n'b'\nc"), ("\"\"\"\"x\"\"\"", "\"x"),
            (#"r'''a\'''"#, #"a\"#), ("''", ""), ("''''''", ""),
        ] as [(String, String?)])
    func strings(_ source: String, _ expected: String?) throws {
        guard let expected else {
            #expect(checkError(source, expecting: .dyn)?.message == "the string is not closed")
            return
        }
        #expect(try value(source) == .string(expected))
    }

    @Test func bytes() throws {
        #expect(try value(#"b"\xff\000é""#) == .bytes([0xFF, 0, 0xC3, 0xA9]))
        #expect(try value(#"bR'\n'"#) == .bytes([0x5C, 0x6E]))
        #expect(checkError(#"b'\u0041'"#, expecting: .dyn)?.message == #"'\u' is not an escape"#)
        #expect(checkError(#"b'\400'"#, expecting: .dyn) != nil)
    }

    @Test(arguments: [
        ("9223372036854775808", "this number does not fit into an int"),
        ("18446744073709551616u", "this number does not fit into 64 bits"),
        ("1e999", "this number is beyond the range of a double"),
        (#"'\ud800'"#, "this escape names no character"), (#"'\U00110000'"#, "this escape names no character"),
        (#"'\x4'"#, "this escape needs 2 hexadecimal digits"), (#"'\08'"#, "this escape needs 3 octal digits"),
        (#"'\q'"#, #"'\q' is not an escape"#), ("'a\nb'", "the string is not closed in its line"),
        ("'''a", "the string is not closed"), ("'a\\", "the string ends in the middle of an escape"),
    ])
    func refused(_ source: String, _ message: String) {
        #expect(checkError(source, expecting: .dyn)?.message == message)
        #expect(checkError(source, expecting: .dyn)?.line == 1)
    }

    @Test func durations() throws {
        let texts: [(String, Span)] = [
            ("7d", .days(7)), ("168h", .days(7)), ("1d12h", .hours(36)), ("1.5h", .minutes(90)), ("-2m", .minutes(-2)),
            ("250us", Span(microseconds: 250)),
        ]
        for (text, span) in texts {
            #expect(try value("duration('\(text)')") == .duration(span))
            #expect(
                try value("duration(contact.d)", in: World(contact: .object(["d": .string(text)]))) == .duration(span))
        }
        #expect(checkError("duration('soon') == duration('1s')")?.message == "'soon' is not a duration")
        let world = World(contact: World.json(#"{"d": "soon"}"#))
        #expect(evaluationError("duration(contact.d)", in: world)?.code == .invalidArgument)
    }
}
