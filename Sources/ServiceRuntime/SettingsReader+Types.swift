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

    /// A URL, as ``url(_:schemes:example:meaning:)``, whose password may stand in a setting of its own: so the URL itself is
    /// no secret, and the password lies in a file by itself.
    public mutating func url(
        _ name: String, password passwordName: String, schemes: [String], example: String, meaning: String
    ) -> String {
        withPassword(
            passwordName, in: url(name, schemes: schemes, example: example, meaning: meaning), called: name)
    }

    /// The same, which may be left out.
    public mutating func optionalURL(
        _ name: String, password passwordName: String, schemes: [String], meaning: String
    ) -> String? {
        let beginnings = schemes.map { $0 + "://" }
        let url = optional(
            name, type: "URL", range: beginnings.map { $0 + "…" }.joined(separator: " or "),
            expectation: "a URL that begins with \(beginnings.joined(separator: " or "))", meaning: meaning,
            isSecret: true
        ) { text in beginnings.contains { text.hasPrefix($0) && text.count > $0.count } ? text : nil }
        let whole = withPassword(passwordName, in: url ?? "", called: name)
        return whole.isEmpty ? nil : whole
    }

    private mutating func withPassword(_ passwordName: String, in url: String, called name: String) -> String {
        let password = secret(passwordName, meaning: "The password for \(name), instead of one within it.")
        guard let password, !url.isEmpty else { return url }
        switch UserInfo(of: url) {
        case .user(let end): return url[..<end] + ":" + percentEncoded(password) + url[end...]
        case .userAndPassword: fault(passwordName, "given twice: here and within \(name)")
        case .none: fault(passwordName, "\(name) names no user whose password it is")
        }
        return url
    }

    /// The path of a PEM file of certificate authorities, which may be left out; that it can be read is tried.
    public mutating func authorities(_ name: String, meaning: String) -> String? {
        pemFile(name, with: "certificates", meaning: meaning)
    }

    /// The path of a PEM file, which may be left out; that it can be read is tried.
    public mutating func pemFile(_ name: String, with what: String, meaning: String) -> String? {
        let contents = contents
        return optional(
            name, type: "path", expectation: "a readable PEM file with \(what)", meaning: meaning
        ) { path in
            let text = try? contents(path)
            return text.map { $0.contains("-----BEGIN ") } ?? false ? path : nil
        }
    }

    /// A file that may be left out, of which `parse` makes a value; nil for a text that cannot be used.
    public mutating func file<Value>(
        _ name: String, with what: String, defaultText: String, meaning: String, parse: (_ text: String) -> Value?
    ) -> Value? {
        let contents = contents
        return optional(
            name, type: "path", defaultText: defaultText, expectation: "a readable file with \(what)", meaning: meaning
        ) { path in (try? contents(path)).flatMap(parse) }
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

/// What a URL says before the `@` of its authority (RFC 3986, section 3.2.1).
private enum UserInfo {
    case none
    /// Up to this place.
    case user(end: String.Index)
    case userAndPassword

    init(of url: String) {
        guard let start = url.firstRange(of: "://")?.upperBound else { self = .none; return }
        let authority = url[start...].prefix { !"/?#".contains($0) }
        guard let end = authority.lastIndex(of: "@"), end > start else { self = .none; return }
        self = authority[..<end].contains(":") ? .userAndPassword : .user(end: end)
    }
}

/// All but letters, digits and `-._~` as `%` and two digits (RFC 3986, section 2.1).
private func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        let scalar = Unicode.Scalar(byte)
        let isPlain =
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar))
        return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
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
