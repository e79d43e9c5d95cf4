import TestSupport

/// Tracking calls as nobody should send them: random, adversarial, and some of them sound.
struct OddCalls {
    var random: Dice
    private var count = 0

    init(seed: UInt64) { random = Dice(seed: seed) }

    /// Whether the call at hand may hold what is wrong by itself; others are odd, and sound.
    private var isWild = false

    private mutating func pick<T>(_ choices: [T], wild: [T] = []) -> T {
        isWild && chance(40) ? (choices + wild).randomElement(using: &random)! : choices.randomElement(using: &random)!
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// One call of a batch, as JSON text; perhaps not even that.
    mutating func call() -> String {
        count += 1
        isWild = chance(35)
        let type = pick(["track", "track", "track", "identify", "identify", "page", "screen", "group", "alias"])
        var members = ["\"type\":\"\(type)\""]
        if chance(80) { members.append("\"userId\":\(name())") }
        if chance(50) { members.append("\"anonymousId\":\(name())") }
        if type == "alias" || chance(10) { members.append("\"previousId\":\(name())") }
        if type == "group" || chance(10) { members.append("\"groupId\":\(name())") }
        if type == "track" { members.append("\"event\":\(eventName())") }
        if chance(90) { members.append("\"messageId\":\(chance(80) ? "\"m\(count)\"" : name())") }
        if chance(60) { members.append("\"timestamp\":\(time())") }
        if chance(40) { members.append("\"sentAt\":\(time())") }
        if chance(20) { members.append("\"name\":\(value(4))") }
        if chance(20) { members.append("\"category\":\(value(4))") }
        for member in ["properties", "traits"] where chance(70) { members.append("\"\(member)\":\(facts())") }
        if chance(50) { members.append("\"context\":{\"traits\":\(facts()),\(string()):\(value(3))}") }
        // What is said twice, and what nobody asked for.
        if chance(10), let twice = members.randomElement(using: &random) { members.append(twice) }
        if chance(10) { members.append("\(string()):\(value(2))") }
        if chance(70) { members.shuffle(using: &random) }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func eventName() -> String {
        pick(
            ["\"E\"", "\"E\"", "\"E\"", "\"é\"", "\"'; --\""],
            wild: ["\"Consent Given\"", "\"Consent Withdrawn\"", "\"Email Clicked\"", string()])
    }

    private mutating func facts() -> String {
        var members: [String] = []
        for _ in 0..<Int.random(in: 0...5, using: &random) { members.append("\(string()):\(value(4))") }
        if chance(50) { members.append("\"v\":\(number())") }
        if chance(30) { members.append("\(pick(["\"email\"", "\"em\\u0061il\""])):\(address())") }
        if chance(20) { members.append("\"topic\":\(pick(["\"offers\"", string()]))") }
        if chance(20) { members.append("\"address\":\(address())") }
        if chance(10) { members.append("\"channel\":\(string())") }
        if chance(10) { members.append("\"plan\":\(value(2))") }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func address() -> String {
        pick(
            [
                "\"anne@shop.example\"", "\"ANNE@shop.example\"", "\"İ@x\"", "\"@\"", "\"\"", "null",
                "\"\(String(repeating: "İ", count: 126))@x\"", "\"a@b\\r\\nBcc: c@d\"",
            ], wild: ["\"a\\u0000@x\"", "\"\(long())@x\"", value(3)])
    }

    private mutating func name() -> String {
        pick(
            [
                "\"u1\"", "\"u2\"", "\"u3\"", "\"u4\"", "7", "\"é\"", "\"e\\u0301\"", "\" \"", "\"\\u0001\"",
                "\"\(String(repeating: "é", count: 127))\"", "123456789012345678901234567890",
                "\"'; drop table contacts; --\"", "\"\\\\x00\"",
            ], wild: ["\"\"", "-1", "1.5", "\"\(String(repeating: "x", count: 256))\"", string(), "null", "[]"])
    }

    private mutating func time() -> String {
        pick(
            [
                "\"2026-03-02T08:59:00Z\"", "\"2026-03-02T08:59:00.123456Z\"", "\"1500-01-01T00:00:00Z\"",
                "\"2524-12-31T00:00:00Z\"", "\"1970-01-01\"", "\"2026-03-02\"", "\"2026-03-02T08:59:00+23:59\"", "null",
            ],
            wild: [
                "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.999999Z\"", "\"0001-01-01T00:00:00+23:59\"",
                "\"9999-12-31T23:59:59-23:59\"", "\"2026-02-29T00:00:00Z\"", "\"0000-01-01\"", "\"10000-01-01\"", "0",
                "\"now\"", "\"infinity\"", "\"294276-12-31T23:59:59Z\"", "\"2026-03-02T24:00:00Z\"",
                "\"2026-03-02T08:59:60Z\"",
            ])
    }

    private mutating func number() -> String {
        pick(
            [
                "1", "-0", "0.1", "1e308", "-1.7976931348623157e308", "5e-324", "9223372036854775807",
                "9223372036854775808", "1E+2", String(repeating: "9", count: 300),
                "0.\(String(repeating: "0", count: 299))1",
            ],
            wild: ["1e309", "1e400", "1e-400", "0e999999", String(repeating: "8", count: 401), "01", "NaN"])
    }

    mutating func string() -> String {
        pick(
            [
                "\"a\"", "\"\"", "\"\\ud83d\\ude00\"", "\"😀\"", "\"\u{301}\"", "\"\\u0001\\b\\f\"",
                "\"\u{7F}\u{85}\u{2028}\"", "\"\\\\u0000\"", "\"\\\"\"", "\"\u{FFFF}\"", "\"\u{10FFFF}\"",
                "\"\(long())\"",
                "\"-url\"", "\"$1\"", "\"%s%n\"", "\"__proto__\"",
            ], wild: ["\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"email\"", "\"\(long())\(long())\""])
    }

    /// What does not compress: index rows and such have a size.
    private static let noise: [UInt8] = {
        var random = Dice(seed: 7)
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        return (0..<40_000).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
    }()

    private mutating func long() -> String {
        let count = pick([200, 250, 260, 300, 3000], wild: [9000, 31_000])
        let start = Int.random(in: 0..<9000, using: &random)
        return String(decoding: Self.noise[start..<start + count], as: UTF8.self)
    }

    private mutating func value(_ depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0, 1: return number()
        case 2, 3: return string()
        case 4: return pick(["true", "false", "null", "[]", "{}"], wild: isWild && chance(5) ? ["nul"] : [])
        case 5:
            let levels = pick([5, 20, 25], wild: [28, 29, 30, 33, 200])
            return String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        case 6: return "[\(value(depth - 1)),\(value(depth - 1))]"
        case 7: return "{\(string()):\(value(depth - 1)),\(string()):\(value(depth - 1))}"
        default: return "{\"a\":\(value(depth - 1)),\"a\":\(value(depth - 1))}"
        }
    }
}
