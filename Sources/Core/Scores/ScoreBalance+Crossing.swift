public import Model

extension ScoreBalance {
    /// The instant before which the value, if no event comes, stays on its side of `threshold` (above, below or equal).
    ///
    /// Between two ends the value only fades; so it is looked at piece by piece, at most `pieceLimit` of them. Early where
    /// that does not suffice, never late.
    public func steadyUntil(
        threshold: Double, halfLife: Span?, plus constant: Int64 = 0, now: Timestamp
    ) -> Timestamp {
        let side = ScoreArithmetic.Side(
            of: value(halfLife: halfLife, plus: constant, now: now), against: threshold)
        var start = now
        for end in ends(after: now) {
            let fading = ScoreArithmetic.Fading(sums: sums(at: start), halfLife: halfLife, constant: constant)
            let last = end - Span(microseconds: 1)
            if let change = fading.change(from: side, against: threshold, after: start, upTo: last) { return change }
            let value = value(halfLife: halfLife, plus: constant, now: end)
            if ScoreArithmetic.Side(of: value, against: threshold) != side { return end }
            start = end
        }
        // What was not looked at may hold a change.
        guard !passing.keys.contains(where: { $0.until > start }) else { return start }
        return ScoreArithmetic.steadyUntil(
            threshold: threshold, sums: sums(at: start), halfLife: halfLife, plus: constant, now: start)
    }

    /// The instant before which the value itself, if no event comes, is what it is at `now`: at once where it fades.
    public func sameUntil(halfLife: Span?, now: Timestamp) -> Timestamp {
        if halfLife != nil, !sums(at: now).isEmpty { return now }
        return passing.keys.lazy.map(\.until).filter { $0 > now }.min() ?? .distantFuture
    }

    private static let pieceLimit = 64

    private func ends(after now: Timestamp) -> some Sequence<Timestamp> {
        Set(passing.keys.lazy.map(\.until).filter { $0 > now }).sorted().prefix(Self.pieceLimit)
    }
}
