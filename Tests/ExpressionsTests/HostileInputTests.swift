import Expressions
import Foundation
import Model
import Testing

/// Nothing that anybody writes into a condition overflows the stack or takes long.
@Suite struct HostileInputTests {
    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(arguments: [
        repeated("(", 8000), repeated("[", 8000), repeated("{", 8000), repeated("!", 8000) + "true",
        repeated("-", 8000) + "1", repeated("a.", 4000) + "a", repeated("a[", 4000), repeated("a(", 4000),
        repeated("1+", 4000) + "1", repeated("true?", 1600) + "1", repeated("true?1:", 1100) + "1",
        "true" + repeated("&&true", 1300), "[" + repeated("1,", 4000) + "]", repeated("{1:", 2600),
        repeated("f(1)", 2000), repeated("x{a:", 2000), repeated("'", 8001), repeated("b'''", 2000),
    ])
    func refused(_ source: String) {
        #expect(checkError(source, expecting: .dyn) != nil)
    }

    @Test func lengths() throws {
        #expect(checkError(Self.repeated(" ", 8189) + "true") != nil)
        #expect(checkError(Self.repeated(" ", 8188) + "true") == nil)
        #expect(checkError("true" + Self.repeated(" && true", 900)) == nil)
        #expect(
            checkError("true" + Self.repeated("&&true", 1100))?.message == "the expression has more than 1000 parts")
        let nested = Self.repeated("(", 47) + "true" + Self.repeated(")", 47)
        #expect(checkError(nested) == nil)
        #expect(checkError("(" + nested + ")")?.message == "more than 48 levels one inside the other")
        #expect(checkError("0" + Self.repeated("+1", 60) + " == 60") == nil)
    }

    /// A thread of 1 MiB has stack enough for whatever is let through, without optimisation as well.
    @Test func deepest() async throws {
        let calls = Self.repeated("size([", 15) + "1" + Self.repeated("])", 15)
        let sources = [
            "0" + Self.repeated("+1", 63), Self.repeated("!", 63) + "true", "contact" + Self.repeated(".a", 63),
            Self.repeated("true?1:", 47) + "1", Self.repeated("[", 47) + Self.repeated("]", 47), calls,
            "[" + Self.repeated("1,", 990) + "]", Self.nested("true", levels: 40),
            Self.doubling("1", "V", levels: 40, "V"),
        ]
        for source in sources {
            let isEvaluated = await withCheckedContinuation { continuation in
                let thread = Thread {
                    let expression = try? Expression(source, scope: .audience, expecting: .dyn)
                    _ = try? expression?.evaluate(World())
                    continuation.resume(returning: expression != nil)
                }
                thread.stackSize = 1024 * 1024
                thread.start()
            }
            #expect(isEvaluated, "\(source)")
        }
    }

    @Test func steps() throws {
        let long = World(contact: .object(["list": .array(Array(repeating: .int(1), count: 60_000))]))
        #expect(try value("2 in contact.list", in: long) == .bool(false))
        #expect(evaluationError("2 in contact.list || 3 in contact.list", in: long)?.code == .budget)
        let condition = try Expression("2 in contact.list || 3 in contact.list", scope: .audience)
        #expect(condition.holds(in: long).holds == false)
    }

    private static func nested(_ inner: String, levels: Int) -> String {
        (0..<levels).reduce(inner) { body, level in "[1, 2, 3, 4].all(v\(level), \(body))" }
    }

    private static func doubling(_ seed: String, _ step: String, levels: Int, _ last: String) -> String {
        let bindings = (1...levels).map { level in
            "cel.bind(v\(level), " + step.replacingOccurrences(of: "V", with: "v\(level - 1)") + ", "
        }
        return "cel.bind(v0, \(seed), " + bindings.joined() + last.replacingOccurrences(of: "V", with: "v\(levels)")
            + repeated(")", levels + 1)
    }

    /// What would take for ever, or all memory, ends with an error.
    @Test(arguments: [
        nested("true", levels: 30), nested("v0 + v1 + v2 + v3 < 100", levels: 12),
        doubling("'0123456789'", "V + V", levels: 40, "V == ''"), doubling("[0]", "V + V", levels: 40, "V == []"),
        doubling("[0]", "[V, V]", levels: 40, "V == V"),
        doubling("[0]", "[V, V]", levels: 40, "'%s'.format([V]) == ''"),
        doubling("'ab'", "V.replace('', V)", levels: 20, "V == ''"),
        doubling("['ab', 'cd']", "V.map(x, V.join(x))", levels: 30, "V == []"),
        "contact.list.all(a, contact.list.all(b, contact.list.all(c, a + b + c > 0)))",
        "contact.list.map(a, contact.list.map(b, contact.list)) == []",
        "contact.list.exists(a, contact.text.matches(contact.text + string(a)))",
    ])
    func exhaustion(_ source: String) throws {
        let world = World(
            contact: .object(["list": .array((1...500).map { .int($0) }), "text": .string(Self.repeated("a?", 200))]))
        let started = ContinuousClock.now
        #expect(evaluationError(source, in: world)?.code == .budget)
        #expect(ContinuousClock.now - started < .seconds(20))
    }

    /// A value of few parts that would be endless when written out.
    @Test func description() throws {
        let value = try value(Self.doubling("[0]", "[V, V]", levels: 40, "V"))
        #expect("\(value)".utf8.count < 20_000)
    }

    /// Patterns that take a backtracking matcher for ever.
    @Test(arguments: ["(a+)+b", "(a|aa)+b", "(a|a?)+b", "(.*a){20}b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
    func patterns(_ pattern: String) throws {
        let world = World(contact: .object(["text": .string(Self.repeated("a", 60_000))]))
        #expect(try value("contact.text.matches(r'\(pattern)')", in: world) == .bool(false))
    }

    @Test func largePatterns() {
        let many = Self.repeated("a", 513)
        #expect(checkError("stage.matches('\(many)')")?.message == "the pattern is longer than 512 bytes")
        #expect(checkError("stage.matches('((a{100}){100}){100}')")?.message.hasPrefix("the pattern is wrong") == true)
    }

    /// Text that defeats a search with restarts.
    @Test func search() throws {
        let text = Self.repeated("a", 200_000)
        let world = World(
            contact: .object(["text": .string(text + "b"), "part": .string(Self.repeated("a", 90_000) + "b")]))
        #expect(try value("contact.text.contains(contact.part)", in: world) == .bool(true))
    }

    /// Random token soup is answered, never trapped on; what it accepts evaluates.
    @Test func soup() {
        var generator = SplitMix(state: 42)
        let pieces = [
            "1", "2u", "1.5", "'a'", "b'x'", "true", "null", "contact", "stage", "event", "did('A')", "count('A','1d')",
            "+", "-", "*", "/", "%", "==", "<", "&&", "||", "!", "?", ":", "(", ")", "[", "]", "{", "}", ".", ",", "in",
            "x", "size", "has", ".all(x,", ".map(x,", "cel.bind(x,", ".matches(", "optional.of(", ".?x", "[?",
            "'a'.format(", "run.did('A')", "score('s')", "\\", "'", "`a`", "//",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...9, using: &generator)
            let source = (0..<count).map { _ in pieces.randomElement(using: &generator)! }.joined(separator: " ")
            guard let expression = try? Expression(source, scope: [.event, .run], expecting: .dyn) else { continue }
            accepted += 1
            _ = try? expression.evaluate(World(event: .object([:]), runStart: .end(of: World.noon)))
        }
        #expect(accepted > 500)
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
