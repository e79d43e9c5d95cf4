import JourneyProgram
import Model

/// How a column writes an instant.
///
/// `iso` (RFC 3339, or a bare date), `unix` and `unix-ms`, or a pattern of `yyyy MM dd HH mm ss` (or strptime's
/// `%Y %m %d %H %M %S`) with other characters as they stand; `M d H` take one or two digits. A pattern, and an `iso`
/// time or date without an offset, is in the map's `zone`, UTC by default.
struct TimeFormat: Sendable {
    private enum Part: Sendable, Hashable {
        case field(Character, ClosedRange<Int>)
        case literal(Character)
    }

    private enum Kind: Sendable {
        case iso, unix, unixMilliseconds
        case pattern([Part])
    }

    private let kind: Kind
    private let zone: LocalZone

    /// Returns nil for a pattern without a year, a month and a day, or with letters that mean nothing.
    init?(_ text: String, zone: LocalZone = .utc) {
        self.zone = zone
        switch text {
        case "iso", "ISO": kind = .iso
        case "unix": kind = .unix
        case "unix-ms": kind = .unixMilliseconds
        default:
            guard let parts = Self.parts(of: Self.withoutPercents(text)) else { return nil }
            kind = .pattern(parts)
        }
    }

    /// The instant that a text says; nil where it is none.
    func read(_ text: String) -> Timestamp? {
        switch kind {
        case .iso: readISO(text)
        case .unix: Self.seconds(text).map { Timestamp(microseconds: $0) }
        case .unixMilliseconds: Self.whole(text, limit: 9_000_000_000_000).map { Timestamp(microseconds: $0 * 1000) }
        case .pattern(let parts): read(text, by: parts)
        }
    }

    private func readISO(_ text: String) -> Timestamp? {
        // "2026-03-02" has no offset of its own, and "2026-03-02T09:00" is none of RFC 3339.
        if text.utf8.count == 10 { return Timestamp(iso8601: text).map(instant) }
        return Timestamp(iso8601: text) ?? Timestamp(iso8601: text + "Z").map(instant)
    }

    private func read(_ text: String, by parts: [Part]) -> Timestamp? {
        var fields: [Character: Int] = ["M": 1, "d": 1, "H": 0, "m": 0, "s": 0]
        var rest = Substring(text)
        for part in parts {
            switch part {
            case .literal(let character):
                guard rest.first == character else { return nil }
                rest = rest.dropFirst()
            case .field(let field, let width):
                let digits = rest.prefix(width.upperBound).prefix { $0.isASCII && $0.isNumber }
                guard width.contains(digits.count), let value = Int(digits) else { return nil }
                fields[field] = value
                rest = rest.dropFirst(digits.count)
            }
        }
        guard rest.isEmpty else { return nil }
        let two = { (value: Int?) in value.map { $0 < 10 ? "0\($0)" : "\($0)" } ?? "" }
        let year = String(fields["y"] ?? 0)
        let date =
            "\(String(repeating: "0", count: max(0, 4 - year.count)))\(year)-\(two(fields["M"]))-\(two(fields["d"]))"
        let local = Timestamp(iso8601: "\(date)T\(two(fields["H"])):\(two(fields["m"])):\(two(fields["s"]))Z")
        return local.map(instant)
    }

    /// The instant at which clocks of the zone show what they would show in UTC at `local`.
    private func instant(_ local: Timestamp) -> Timestamp {
        let guess = local - .seconds(zone.offset(at: local))
        return local - .seconds(zone.offset(at: guess))
    }

    private static func parts(of pattern: String) -> [Part]? {
        var parts: [Part] = []
        var rest = Substring(pattern)
        while let character = rest.first {
            let run = rest.prefix { $0 == character }
            guard character.isLetter, character != "T" else {
                parts += run.map { .literal($0) }
                rest = rest.dropFirst(run.count)
                continue
            }
            switch (character, run.count) {
            case ("y", 4): parts.append(.field("y", 4...4))
            case ("M", 2), ("d", 2), ("H", 2), ("m", 2), ("s", 2): parts.append(.field(character, 2...2))
            case ("M", 1), ("d", 1), ("H", 1): parts.append(.field(character, 1...2))
            default: return nil
            }
            rest = rest.dropFirst(run.count)
        }
        let isDate = (["y", "M", "d"] as [Character]).allSatisfy { field in
            parts.contains { if case .field(field, _) = $0 { true } else { false } }
        }
        return isDate ? parts : nil
    }

    private static func withoutPercents(_ text: String) -> String {
        let tokens: [Character: String] = ["Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss"]
        var output = ""
        var isToken = false
        for character in text {
            if isToken {
                output += tokens[character] ?? "%\(character)"
                isToken = false
            } else if character == "%" {
                isToken = true
            } else {
                output.append(character)
            }
        }
        return output
    }

    /// Microseconds of a count of seconds with or without a fraction.
    private static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = whole(String(parts[0]), limit: 9_000_000_000) else { return nil }
        guard parts.count == 2 else { return whole * 1_000_000 }
        let digits = parts[1].prefix(6)
        guard !digits.isEmpty, parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let fraction = Int64(digits) else {
            return nil
        }
        let micros = (digits.count..<6).reduce(fraction) { value, _ in value * 10 }
        return whole * 1_000_000 + (text.hasPrefix("-") ? -micros : micros)
    }

    private static func whole(_ text: String, limit: Int64) -> Int64? {
        Int64(text).flatMap { $0.magnitude <= UInt64(limit) ? $0 : nil }
    }
}
