public import Model

/// A score as it stands at one instant, for as many questions as there are: what they have in common is worked out once.
///
/// Answers what `ScoreBalance.value` and `ScoreBalance.steadyUntil` do, to the bit.
public struct StandingScore: Sendable {
    /// In points, rounded to a thousandth.
    public let value: Double

    private let balance: ScoreBalance
    private let halfLife: Span?
    private let constant: Int64
    private let now: Timestamp
    /// The way that the value goes by itself, where none of its points have an end.
    private let way: Way?

    private struct Way {
        let fading: ScoreArithmetic.Fading
        let end: Timestamp
        let lastValue: Double
    }

    /// - Parameter constant: Thousandths of a point that neither fade nor end, such as those of fit rules.
    public init(_ balance: ScoreBalance, halfLife: Span?, plus constant: Int64 = 0, now: Timestamp) {
        (self.balance, self.halfLife, self.constant, self.now) = (balance, halfLife, constant, now)
        guard balance.passing.isEmpty, let halfLife, let latest = balance.lasting.keys.max() else {
            value = balance.value(halfLife: halfLife, plus: constant, now: now)
            way = nil
            return
        }
        let fading = ScoreArithmetic.Fading(sums: balance.lasting, halfLife: halfLife, constant: constant)
        let end = ScoreArithmetic.lastChange(of: latest, halfLife: halfLife, now: now)
        value = fading.value(at: now)
        way = Way(fading: fading, end: end, lastValue: fading.value(at: end))
    }

    /// The instant before which the value, if no event comes, stays on its side of `threshold` (above, below or equal).
    public func steadyUntil(threshold: Double) -> Timestamp {
        guard let way else {
            return balance.steadyUntil(threshold: threshold, halfLife: halfLife, plus: constant, now: now)
        }
        let side = ScoreArithmetic.Side(of: value, against: threshold)
        guard way.end > now, ScoreArithmetic.Side(of: way.lastValue, against: threshold) != side else {
            return .distantFuture
        }
        let change = way.fading.firstChange(from: side, against: threshold, after: now, upTo: way.end)
        return min(.distantFuture, change ?? .distantFuture)
    }
}
