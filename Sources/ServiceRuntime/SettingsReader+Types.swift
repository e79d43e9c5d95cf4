extension SettingsReader {
    /// A text that must be given.
    public mutating func required(_ name: String, example: String, meaning: String) -> String {
        required(name, type: "text", example: example, expectation: "a text", meaning: meaning) { $0 } ?? ""
    }

    /// A text.
    public mutating func string(_ name: String, default value: String, meaning: String) -> String {
        optional(name, type: "text", defaultText: value, expectation: "a text", meaning: meaning) { $0 } ?? value
    }

    /// A text that may be left out.
    public mutating func string(_ name: String, meaning: String) -> String? {
        optional(name, type: "text", expectation: "a text", meaning: meaning) { $0 }
    }

    /// A secret that must be given; its value is never shown.
    public mutating func secret(_ name: String, example: String, meaning: String) -> String {
        required(name, type: "secret", example: example, expectation: "a secret", meaning: meaning, isSecret: true) {
            $0
        } ?? ""
    }

    /// A secret that may be left out; its value is never shown.
    public mutating func secret(_ name: String, meaning: String) -> String? {
        optional(name, type: "secret", expectation: "a secret", meaning: meaning, isSecret: true) { $0 }
    }

    /// A whole number within a range.
    public mutating func int(
        _ name: String, in range: ClosedRange<Int>, default value: Int, unit: String = "", meaning: String
    ) -> Int {
        let (low, high) = (grouped(range.lowerBound), grouped(range.upperBound))
        let suffix = unit.isEmpty ? "" : " \(unit)"
        return optional(
            name, type: "number", range: "\(low) to \(high)\(suffix)", defaultText: grouped(value),
            expectation: "a number between \(low) and \(high)", meaning: meaning
        ) { Int($0).flatMap { range.contains($0) ? $0 : nil } } ?? value
    }

    /// `true`, `yes`, `on`, `1`, or `false`, `no`, `off`, `0`.
    public mutating func bool(_ name: String, default value: Bool, meaning: String) -> Bool {
        optional(
            name, type: "yes or no", defaultText: value ? "yes" : "no", expectation: "yes or no", meaning: meaning
        ) { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        } ?? value
    }

    /// A length of machine time with its unit, as `250ms`, `30s`, `5m` or `1h`.
    public mutating func duration(
        _ name: String, in range: ClosedRange<Duration>, default value: Duration, meaning: String
    ) -> Duration {
        let (low, high) = (range.lowerBound.settingText, range.upperBound.settingText)
        return optional(
            name, type: "duration", range: "\(low) to \(high)", defaultText: value.settingText,
            expectation: "a duration between \(low) and \(high), such as 250ms, 30s or 5m", meaning: meaning
        ) { Duration(settingText: $0).flatMap { range.contains($0) ? $0 : nil } } ?? value
    }

    /// One of a few words.
    public mutating func choice(_ name: String, of words: [String], default value: String, meaning: String) -> String {
        optional(
            name, type: "word", range: words.joined(separator: " | "), defaultText: value,
            expectation: "one of \(words.joined(separator: ", "))", meaning: meaning
        ) { words.contains($0) ? $0 : nil } ?? value
    }

    /// A URL of one of these schemes that must be given; its value is never shown, since it may hold a password.
    public mutating func url(_ name: String, schemes: [String], example: String, meaning: String) -> String {
        required(
            name, type: "URL", range: schemes.map { $0 + "://…" }.joined(separator: " or "), example: example,
            expectation: "a URL that begins with \(schemes.map { $0 + "://" }.joined(separator: " or "))",
            meaning: meaning, isSecret: true
        ) { text in
            schemes.contains { text.hasPrefix($0 + "://") && text.count > $0.count + 3 } ? text : nil
        } ?? ""
    }

    /// The path of a PEM file of certificate authorities, which may be left out; that it can be read is tried.
    public mutating func authorities(_ name: String, meaning: String) -> String? {
        let contents = contents
        return optional(
            name, type: "path", expectation: "a readable PEM file with certificates", meaning: meaning
        ) { path in
            let text = try? contents(path)
            return text.map { $0.contains("-----BEGIN ") } ?? false ? path : nil
        }
    }

    /// An address to listen on, as `host:port`, `[::1]:8080` or `:8080`; port 0 lets the system choose.
    public mutating func listen(_ name: String, default value: String, meaning: String) -> ListenAddress {
        optional(
            name, type: "host:port", defaultText: value, expectation: "an address such as \(value)", meaning: meaning,
            parse: ListenAddress.init
        ) ?? ListenAddress(value) ?? ListenAddress(host: "127.0.0.1", port: 0)
    }
}

/// Where a server listens.
public struct ListenAddress: Sendable, Hashable, LosslessStringConvertible {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[v6]:port` or `:port` (all addresses). Returns nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension Duration {
    private static let settingUnits: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]

    init?(settingText text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000,
            let unit = Self.settingUnits.first(where: { $0.suffix == text.dropFirst(digits.count) })
        else { return nil }
        self = .milliseconds(count * unit.milliseconds)
    }

    var settingText: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        guard milliseconds > 0 else { return "0s" }
        let unit = Self.settingUnits.last { milliseconds % $0.milliseconds == 0 }!
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}

/// `4000` as `4,000`.
private func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
        groups.insert(digits.suffix(3), at: 0)
        digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([digits[...]] + groups).joined(separator: ",")
}
