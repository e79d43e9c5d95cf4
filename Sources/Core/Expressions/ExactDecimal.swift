/// A finite double as the decimal number that it is exactly, so that rounding never depends on a platform's printing.
///
/// A double is a whole number times a power of two, so it has at most 1,074 digits behind the point; they are kept as
/// they are, one a byte.
struct ExactDecimal {
    private let isNegative: Bool
    /// The digits, and how many of them stand behind the point.
    private let digits: [UInt8]
    private let places: Int

    init(_ number: Double) {
        isNegative = number.sign == .minus
        let magnitude = number.magnitude
        guard magnitude > 0 else {
            (digits, places) = ([0], 0)
            return
        }
        let lowest = Int(magnitude.exponent) - 52
        let significand = UInt64(magnitude / Double(sign: .plus, exponent: max(lowest, -1074), significand: 1))
        let exponent = max(lowest, -1074)
        var value = String(significand).utf8.map { $0 - 48 }
        // 2^-n = 5^n / 10^n.
        for _ in 0..<abs(exponent) { Self.multiply(&value, by: exponent < 0 ? 5 : 2) }
        digits = value
        places = max(0, -exponent)
    }

    private static func multiply(_ digits: inout [UInt8], by factor: UInt8) {
        var carry: UInt8 = 0
        for index in digits.indices.reversed() {
            let product = digits[index] * factor + carry
            digits[index] = product % 10
            carry = product / 10
        }
        if carry > 0 { digits.insert(carry, at: 0) }
    }

    /// Keeps all but the last `count` digits, half to even.
    private static func dropping(_ count: Int, of digits: [UInt8]) -> [UInt8] {
        guard count > 0 else { return digits + Array(repeating: 0, count: -count) }
        let padded = Array(repeating: 0, count: max(0, count + 1 - digits.count)) + digits
        var kept = Array(padded.dropLast(count))
        let dropped = padded.suffix(count)
        let isPastHalf = dropped.first! > 5 || dropped.first! == 5 && dropped.dropFirst().contains { $0 > 0 }
        let isHalf = dropped.first! == 5 && !isPastHalf
        guard isPastHalf || isHalf && kept.last! % 2 == 1 else { return kept }
        for index in kept.indices.reversed() {
            if kept[index] < 9 {
                kept[index] += 1
                return kept
            }
            kept[index] = 0
        }
        return [1] + kept
    }

    private static func text(_ digits: some Sequence<UInt8>) -> String {
        String(decoding: digits.map { $0 + 48 }, as: UTF8.self)
    }

    /// `%.2f`
    func rounded(toPlaces wanted: Int) -> String {
        var kept = Self.dropping(places - wanted, of: digits)
        kept = Array(repeating: 0, count: max(0, wanted + 1 - kept.count)) + kept
        let whole = Array(kept.dropLast(wanted).drop { $0 == 0 })
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : Self.text(whole))
            + (wanted == 0 ? "" : "." + Self.text(kept.suffix(wanted)))
    }

    /// `%.6e`
    func scientific(places wanted: Int) -> String {
        let significant = Array(digits.drop { $0 == 0 })
        var exponent = significant.isEmpty ? 0 : significant.count - 1 - places
        var kept = Self.dropping(max(1, significant.count) - 1 - wanted, of: significant.isEmpty ? [0] : significant)
        if kept.count > wanted + 1 {
            kept.removeLast()
            exponent += 1
        }
        let power = (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
        return (isNegative ? "-" : "") + Self.text(kept.prefix(1))
            + (wanted == 0 ? "" : "." + Self.text(kept.dropFirst()))
            + "e" + power
    }
}
