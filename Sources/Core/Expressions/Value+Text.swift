import Model

extension Value {
    /// What `string(…)` makes of numbers, times and the like; nil for what it does not take.
    var text: String? {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .double(let value): value.celText
        case .string(let value): value
        case .timestamp(let at, let nanos): Moment(microseconds: at.microseconds, nanos: nanos).rfc3339
        case .duration(let span, let nanos): Moment(microseconds: span.microseconds, nanos: nanos).seconds
        case .type(let name): name
        case .network(let network): network.text
        case .bytes, .list, .map, .optional: nil
        }
    }
}

extension Double {
    /// The shortest text that is read as the same number.
    var celText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        let text = "\(self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension Moment {
    /// `2009-02-13T23:31:30.5Z`
    var rfc3339: String {
        let (seconds, nanoseconds) = secondsAndNanoseconds
        return Timestamp(seconds: seconds).description.dropLast() + Self.fraction(nanoseconds) + "Z"
    }

    /// `-1.5s`
    var seconds: String {
        let isNegative = microseconds < 0
        let (seconds, nanoseconds) = (isNegative ? Moment(microseconds: 0) - self : self).secondsAndNanoseconds
        return (isNegative ? "-" : "") + "\(seconds)" + Self.fraction(nanoseconds) + "s"
    }

    /// Reads RFC 3339, section 5.6, with up to nine digits of a fraction; the year 0000 as well, which is out of range.
    init?(rfc3339 text: String) {
        var text = text
        let isBeforeAll = text.hasPrefix("0000-")
        if isBeforeAll { text = "2000-" + text.dropFirst(5) }
        guard text.utf8.count >= 20, text.utf8.count <= 64, let at = Timestamp(iso8601: text) else { return nil }
        guard Array(text.utf8)[10] | 0x20 == UInt8(ascii: "t") else { return nil }
        let digits = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1).dropFirst().first?
            .prefix { (48...57).contains($0) }
        var nanos: Int16 = 0
        for place in 6..<9 {
            let digit = digits.flatMap {
                $0.count > place ? Int16($0[$0.index($0.startIndex, offsetBy: place)]) - 48 : 0
            }
            nanos = nanos * 10 + (digit ?? 0)
        }
        // 2,000 years of the Gregorian calendar are 730,485 days.
        let shift: Int64 = isBeforeAll ? 730_485 * 86_400_000_000 : 0
        self.init(microseconds: at.microseconds - shift, nanos: nanos)
    }

    /// Reads Loods' own form (`7d`, `1d12h`) or CEL's (`1h30m`, `-1.5h`, `250us`). Returns nil for anything else.
    init?(durationLiteral text: String) {
        if let span = Span(text) {
            self.init(microseconds: span.microseconds)
            return
        }
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        guard !rest.isEmpty, text.utf8.count <= 64 else { return nil }
        var total = Moment(microseconds: 0)
        if rest == "0" { rest = "" }
        while !rest.isEmpty {
            guard let part = Self.part(&rest), part.microseconds < Int64.max / 4, total.microseconds < Int64.max / 4
            else { return nil }
            total = total + part
        }
        self = isNegative ? Moment(microseconds: 0) - total : total
    }

    /// `1.5h`, taken from the front.
    private static func part(_ rest: inout Substring) -> Moment? {
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(fraction.count + 1)
        }
        let unit = rest.prefix { $0.isLetter }
        rest = rest.dropFirst(unit.count)
        guard !whole.isEmpty || !fraction.isEmpty, let nanoseconds = nanosecondsByUnit[String(unit)],
            let count = Int64(whole.isEmpty ? "0" : whole)
        else { return nil }
        // A fraction of a unit is less than 2⁵³ nanoseconds, so a double holds it to the nanosecond.
        let beyond = fraction.isEmpty ? 0 : Int64((Double("0." + fraction)! * Double(nanoseconds)).rounded(.down))
        let perMicrosecond = Int64(1000)
        if nanoseconds >= perMicrosecond {
            let (product, overflow) = count.multipliedReportingOverflow(by: nanoseconds / perMicrosecond)
            return overflow ? nil : Moment(microseconds: product) + Moment(nanoseconds: beyond)
        }
        return Moment(nanoseconds: count) + Moment(nanoseconds: beyond)
    }

    private init(nanoseconds: Int64) {
        let (micros, nanos) = nanoseconds.flooredDivision(by: 1000)
        self.init(microseconds: micros, nanos: Int16(nanos))
    }

    private static let nanosecondsByUnit: [String: Int64] = [
        "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "µs": 1000,
        "ns": 1,
    ]
}
