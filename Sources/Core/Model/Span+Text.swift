extension Span: LosslessStringConvertible {
    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("w", 604_800_000_000), ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000),
        ("ms", 1_000), ("us", 1),
    ]

    /// A hundred years.
    private static let longest: Int64 = 3_155_760_000_000_000

    /// Reads `2d`, `36h`, `1d12h`, `90s`, `250ms`: whole numbers with a unit (`w d h m s ms us`), largest first.
    ///
    /// The same form stands in journeys, conditions and the command line. Returns nil for anything else, for repeated or
    /// ascending units, and for a length beyond 100 years.
    public init?(_ text: String) {
        var rest = Substring(text)
        var total: Int64 = 0
        var next = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let count = Int64(digits), let index = Self.units.firstIndex(where: { $0.suffix == letters }),
                index >= next
            else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: Self.units[index].microseconds)
            guard !overflow, product <= Self.longest - total else { return nil }
            total += product
            next = index + 1
        }
        self.init(microseconds: total)
    }

    /// The same form, without weeks; a negative length begins with `-` and is not read again.
    public var description: String {
        var rest = microseconds.magnitude
        var text = microseconds < 0 ? "-" : ""
        for unit in Self.units.dropFirst() where rest >= unit.microseconds.magnitude {
            text += "\(rest / unit.microseconds.magnitude)\(unit.suffix)"
            rest %= unit.microseconds.magnitude
        }
        return text.isEmpty ? "0s" : text
    }
}
