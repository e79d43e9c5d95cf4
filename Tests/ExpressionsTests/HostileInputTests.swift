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
        let nested = Self.repeated("(", 31) + "true" + Self.repeated(")", 31)
        #expect(checkError(nested) == nil)
        #expect(checkError("(" + nested + ")")?.message == "more than 32 levels one inside the other")
        #expect(checkError("0" + Self.repeated("+1", 60) + " == 60") == nil)
    }

    /// A thread of 1 MiB has stack enough for whatever is let through, without optimisation as well.
    @Test func deepest() async throws {
        let calls = Self.repeated("size([", 15) + "1" + Self.repeated("])", 15)
        let sources = [
            "0" + Self.repeated("+1", 63), Self.repeated("!", 63) + "true", "contact" + Self.repeated(".a", 63),
            Self.repeated("true?1:", 31) + "1", Self.repeated("[", 31) + Self.repeated("]", 31), calls,
            "[" + Self.repeated("1,", 990) + "]",
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
            "x", "size", "has", "run.did('A')", "score('s')", "\\", "'", "`a`", "//",
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
