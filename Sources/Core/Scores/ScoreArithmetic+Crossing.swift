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
        let end = lastChange(of: latest, halfLife: halfLife, now: now)
        let side = Side(of: fading.value(at: now), against: threshold)
        let change = fading.change(from: side, against: threshold, after: now, upTo: end)
        return min(.distantFuture, change ?? .distantFuture)
    }

    /// So many epochs after the last one the largest sum is less than half a thousandth of a point.
    private static let epochsToZero: Int64 = 5

    /// From then on sums of which `latest` is the last epoch are as good as zero.
    static func lastChange(of latest: Int64, halfLife: Span, now: Timestamp) -> Timestamp {
        let length = epochLength(halfLife)
        let (start, overflows) = latest.multipliedReportingOverflow(by: length)
        let from = max(now, overflows ? now : Timestamp(microseconds: start))
        return from + Span(microseconds: length * epochsToZero)
    }

    /// Where a value stands against a threshold.
    enum Side {
        case below, equal, above

        init(of value: Double, against threshold: Double) {
            self = value < threshold ? .below : value > threshold ? .above : .equal
        }
    }

    /// Sums to which nothing is added, on their way to zero.
    struct Fading {
        private let sums: [Sum]
        private let halfLife: Span?
        private let constant: Int64

        init(sums: [Int64: Int64], halfLife: Span?, constant: Int64) {
            self.sums = ScoreArithmetic.inOrder(sums)
            self.halfLife = halfLife
            self.constant = constant
        }

        func value(at time: Timestamp) -> Double {
            guard let halfLife else {
                return Double(ScoreArithmetic.sum(sums.reduce(0) { ScoreArithmetic.sum($0, $1.amount) }, constant))
                    / 1000
            }
            return value(at: ScoreArithmetic.moment(of: time, halfLife), halfLife)
        }

        private func value(at moment: Int64, _ halfLife: Span) -> Double {
            ScoreArithmetic.value(of: sums, halfLife: halfLife, plus: constant, at: moment)
        }

        /// The first instant later than `start` and no later than `end` at which the value is not on `side` any more.
        func change(
            from side: Side, against threshold: Double, after start: Timestamp, upTo end: Timestamp
        ) -> Timestamp? {
            guard end > start, Side(of: value(at: end), against: threshold) != side else { return nil }
            return firstChange(from: side, against: threshold, after: start, upTo: end)
        }

        /// The same where it is known that the value is on another side at `end`, which is later than `start`.
        func firstChange(
            from side: Side, against threshold: Double, after start: Timestamp, upTo end: Timestamp
        ) -> Timestamp? {
            guard let halfLife else { return nil }
            var unchanged = ScoreArithmetic.moment(of: start, halfLife)
            var changed = ScoreArithmetic.moment(of: end, halfLife)
            func narrow(_ moment: Int64) {
                guard moment > unchanged, moment < changed else { return }
                if Side(of: value(at: moment, halfLife), against: threshold) == side {
                    unchanged = moment
                } else {
                    changed = moment
                }
            }
            // About where it lies: a guess, which only saves steps.
            if let guess = guess(threshold, from: unchanged, halfLife) {
                narrow(guess - 1000)
                narrow(guess + 1000)
            }
            while changed - unchanged > 1 { narrow(unchanged + (changed - unchanged) / 2) }
            return ScoreArithmetic.start(of: changed, halfLife)
        }

        /// The moment at which what fades has come down to the threshold, were it not rounded; within a hundredth of a half-life.
        private func guess(_ threshold: Double, from start: Int64, _ halfLife: Span) -> Int64? {
            let constant = Double(constant) / 1000
            let ratio = (value(at: start, halfLife) - constant) / (threshold - constant)
            guard ratio.isFinite, ratio > 1 else { return nil }
            // The logarithm to the base of two, as a parabola through 1, √2 and 2.
            let part = ratio.significand
            let halvings = Double(ratio.exponent) + (2 - part / 3) * part - 5 / 3
            return start + Int64(halvings * 65_536)
        }
    }
}
