import Model
import Testing

struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

    @Test(arguments: [
        ("null", JSON.null), (" \t\r\n true ", .bool(true)), ("-0", .int(0)), ("-0.0", .double(-0.0)),
        ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.0", .double(1)), ("1e2", .double(100)),
        ("1E-2", .double(0.01)), ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-999", .double(0)),
        ("\"\"", .string("")),
        ("\"\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\"", .string("é\n\"\\/\u{8}\u{C}\r\t")),
        ("\"\\ud83d\\ude00\"", .string("😀")), ("\"😀\"", .string("😀")), ("\"\\uFFFF\"", .string("\u{FFFF}")),
        ("[]", .array([])), ("[1,[2]]", .array([.int(1), .array([.int(2)])])), ("{}", .object([:])),
        ("{\"a\":1,\"a\":2}", .object(["a": .int(2)])), ("\"\u{7F}\"", .string("\u{7F}")),
    ])
    func isRead(text: String, value: JSON) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-01", "-", "+1", ".5", "1.", "1.e2", "1e", "1e+", "0x10", "NaN",
        "Infinity", "1e999", "-1e999", "'a'", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\u0000\"",
        "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"\u{1}\"", "\"a\nb\"", "[1,]", "[,1]",
        "[1 2]", "[1", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{\"a\" 1}", "{1:1}", "{\"a\":1", "1 2", "{}{}", "// x\n1",
        "\u{FEFF}1", "\"\\u00 1\"", "tru", "[\"\\u\"]", "\"\\ud83d\\", "\"\\ud83d\\u", "\"\\u+123\"",
    ])
    func isRefused(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes: [UInt8] in [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] {
            #expect(throws: JSONError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
            #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0x5C, 0x6E] + bytes + [0x22]) }
            #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
        }
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0x00, 0x22]) }
    }

    @Test func nestingIsLimited() throws {
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: Never.self) { try parse(deep) }
        for count in [34, 100_000] {
            #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: count)) }
            #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: count)) }
        }
    }

    @Test func theFaultIsFoundAtItsByte() {
        let error = #expect(throws: JSONError.self) { try parse("{\"é\": tru}") }
        #expect(error?.offset == 7)
    }

    @Test func equalValuesHaveEqualBytes() throws {
        let value = try parse(" {\"b\": [1, 2.5, true, null], \"a\": \"é\\u0001\\n\\\"\\\\\"} ")
        let text = String(decoding: value.serialized, as: UTF8.self)
        #expect(text == "{\"a\":\"é\\u0001\\n\\\"\\\\\",\"b\":[1,2.5,true,null]}")
    }

    @Test(arguments: 0..<200) func whatIsWrittenIsReadAgain(seed: UInt64) throws {
        var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let value = dice.value(depth: 0)
        #expect(try JSON(parsing: value.serialized) == value)
    }

    @Test func accessorsGiveNothingForOtherKinds() {
        #expect(JSON.int(1)["a"] == nil && JSON.object(["a": .int(1)])["a"] == .int(1))
        #expect(JSON.int(1).number == 1 && JSON.double(1.5).number == 1.5 && JSON.string("1").number == nil)
        #expect(JSON.string("x").string == "x" && JSON.null.string == nil && JSON.null.array == nil)
        #expect(JSON.null.object == nil)
    }
}

private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        let z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return z ^ (z >> 31)
    }

    mutating func value(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &self) {
        case 0: .null
        case 1: .bool(Bool.random(using: &self))
        case 2: .int(Int64.random(in: .min ... .max, using: &self))
        case 3: .double(Double.random(in: -1e300...1e300, using: &self))
        case 4: .string(text())
        case 5: .array((0..<Int.random(in: 0..<4, using: &self)).map { _ in value(depth: depth + 1) })
        default: .object(members(depth: depth))
        }
    }

    private mutating func members(depth: Int) -> [String: JSON] {
        var members: [String: JSON] = [:]
        for _ in 0..<Int.random(in: 0..<4, using: &self) { members[text()] = value(depth: depth + 1) }
        return members
    }

    private mutating func text() -> String {
        let scalars = (0..<Int.random(in: 0..<12, using: &self)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 1...0x2FFFF, using: &self))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
