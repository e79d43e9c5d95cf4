import Model

extension Span {
    /// Reads Loods' own form (`7d`, `1d12h`) or CEL's (`1h30m`, `-1.5h`, `250us`), cut to whole microseconds.
    ///
    /// Returns nil for anything else and beyond CEL's range.
    init?(durationLiteral text: String) {
        if let span = Span(text) {
            self = span
        } else if let span = Self.fromCEL(text) {
            self = span
        } else {
            return nil
        }
    }

    /// The longest duration of CEL, in either direction: about 10,000 years.
    static let celLimit = Span.seconds(315_576_000_000)

    private static func fromCEL(_ text: String) -> Span? {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty, text.utf8.count <= 64 else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = Double(digits), let length = microsecondsByUnit[String(unit)] else { return nil }
            total += count * length
        }
        guard total <= Double(celLimit.microseconds) else { return nil }
        return Span(microseconds: Int64(isNegative ? -total : total))
    }

    private static let microsecondsByUnit: [String: Double] = [
        "h": 3.6e9, "m": 6e7, "s": 1e6, "ms": 1e3, "us": 1, "µs": 1, "ns": 1e-3,
    ]
}
