import Model

/// A score on its exponential way to zero.
struct ScoreDecay {
    var value: Double
    var halfLife: Span

    /// The last whole microsecond before which the score cannot reach `threshold`; always later than `now`.
    ///
    /// A value moves towards zero only: it crosses the thresholds between zero and itself, and zero never. The result lies
    /// up to two microseconds and a few parts in 10¹⁵ before the crossing.
    func crossing(of threshold: Double, from now: Timestamp) -> Timestamp {
        let ratio = value / threshold
        guard ratio.isFinite, ratio >= 1, halfLife > .zero else { return .distantFuture }
        let length = Double(halfLife.microseconds) * Self.logarithm(ratio) * (1 - 0x1p-49)
        guard length < 9e15 else { return .distantFuture }
        return min(.distantFuture, now + Span(microseconds: max(1, Int64(length) - 1)))
    }

    /// Base-2 logarithm of a number ≥ 1, rounded down at the 48th bit: by squaring, so that every platform agrees.
    private static func logarithm(_ number: Double) -> Double {
        var rest = number.significand
        var result = Double(number.exponent)
        var bit = 0.5
        for _ in 0..<48 {
            rest *= rest
            if rest >= 2 {
                rest /= 2
                result += bit
            }
            bit /= 2
        }
        return result
    }
}
