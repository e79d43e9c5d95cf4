public import Model

extension ScoreArithmetic {
    /// The instant before which `value`, if no event comes, stays on its side of `threshold` (above, below or equal).
    ///
    /// Exact for the rounded value: a decaying score only moves towards zero, so the first change is found by halving the
    /// time in which it lies. `distantFuture` when time alone never changes the side.
    public static func steadyUntil(
        threshold: Double, sums: [Int64: Int64], halfLife: Span?, now: Timestamp
    ) -> Timestamp {
        guard let halfLife, !sums.isEmpty else { return .distantFuture }
        let side = Side(of: value(sums: sums, halfLife: halfLife, now: now), against: threshold)
        func changed(after microseconds: Int64) -> Bool {
            let later = now + Span(microseconds: microseconds)
            return Side(of: value(sums: sums, halfLife: halfLife, now: later), against: threshold) != side
        }
        var unchanged: Int64 = 0
        var known = epochLength(halfLife) * epochsToZero
        guard changed(after: known) else { return .distantFuture }
        while known - unchanged > 1 {
            let middle = unchanged + (known - unchanged) / 2
            if changed(after: middle) { known = middle } else { unchanged = middle }
        }
        return min(.distantFuture, now + Span(microseconds: known))
    }

    /// After so many epochs the largest sum is less than half a thousandth of a point.
    private static let epochsToZero: Int64 = 5

    private enum Side {
        case below, equal, above

        init(of value: Double, against threshold: Double) {
            self = value < threshold ? .below : value > threshold ? .above : .equal
        }
    }
}
