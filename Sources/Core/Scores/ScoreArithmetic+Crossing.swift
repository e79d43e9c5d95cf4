public import Model

extension ScoreArithmetic {
    /// The instant before which the value, if no event comes, stays on its side of `threshold` (above, below or equal).
    ///
    /// Exact for the rounded value: it only moves towards `constant`, so the first change is found by halving the time in
    /// which it lies. `distantFuture` when time alone never changes the side.
    public static func steadyUntil(
        threshold: Double, sums: [Int64: Int64], halfLife: Span?, plus constant: Int64 = 0, now: Timestamp
    ) -> Timestamp {
        guard let halfLife, let latest = sums.keys.max() else { return .distantFuture }
        let fading = Fading(sums: sums, halfLife: halfLife, constant: constant)
        let length = epochLength(halfLife)
        let (start, overflows) = latest.multipliedReportingOverflow(by: length)
        let from = max(now, overflows ? now : Timestamp(microseconds: start))
        let end = from + Span(microseconds: length * epochsToZero)
        let side = Side(of: fading.value(at: now), against: threshold)
        let change = fading.change(from: side, against: threshold, after: now, upTo: end)
        return min(.distantFuture, change ?? .distantFuture)
    }

    /// So many epochs after the last one the largest sum is less than half a thousandth of a point.
    private static let epochsToZero: Int64 = 5

    /// Where a value stands against a threshold.
    enum Side {
        case below, equal, above

        init(of value: Double, against threshold: Double) {
            self = value < threshold ? .below : value > threshold ? .above : .equal
        }
    }

    /// Sums to which nothing is added, on their way to zero.
    struct Fading {
        var sums: [Int64: Int64]
        var halfLife: Span?
        var constant: Int64

        func value(at time: Timestamp) -> Double {
            ScoreArithmetic.value(sums: sums, halfLife: halfLife, plus: constant, now: time)
        }

        /// The first instant later than `start` and no later than `end` at which the value is not on `side` any more.
        func change(
            from side: Side, against threshold: Double, after start: Timestamp, upTo end: Timestamp
        ) -> Timestamp? {
            guard halfLife != nil, end > start, Side(of: value(at: end), against: threshold) != side else { return nil }
            var (unchanged, changed) = (start.microseconds, end.microseconds)
            while changed - unchanged > 1 {
                let middle = unchanged + (changed - unchanged) / 2
                if Side(of: value(at: Timestamp(microseconds: middle)), against: threshold) == side {
                    unchanged = middle
                } else {
                    changed = middle
                }
            }
            return Timestamp(microseconds: changed)
        }
    }
}
