public import Model

/// Exact arithmetic of decaying scores: integers that commute, so that a rebuild in any order is equal to the bit.
///
/// A score with half-life H is worth `Σ points · 2^((at − now) / H)`. Time is cut into epochs of 16 half-lives; within its
/// epoch an event is booked once, as an integer that weighs later events more: `points · 2^((at − start) / H)` in units
/// of 1/256,000 point. Sums of an epoch are plain integer sums; time enters only when a value is asked for.
///
/// The fraction of a half-life is quantised to 1/65,536 and the power is a product of constants, so no libm is involved
/// and every machine gets the same bits. The relative error of a value is below 0.001 for points of 0.01 and more.
///
/// Bounds: a rule gives at most ±10,000 points; one contact's sum within one epoch has room for 549,755,813 points
/// (2^39 / 1000), which is ten events a second of a point each for 22 months, but only 54,975 events of 10,000 points.
/// Sums are therefore made by `sum`, which nothing overflows.
public enum ScoreArithmetic {
    /// The largest value of one rule, either way, in thousandths of a point.
    public static let largestPoints: Int64 = 10_000_000
    /// The half-lives that a model may have.
    public static let halfLives: ClosedRange<Span> = .hours(1) ... .days(3660)

    static let halfLivesPerEpoch: Int64 = 16
    static let scaleBits: Int64 = 8

    /// What an event adds: to which epoch's sum, and how much.
    ///
    /// - Parameters:
    ///   - points: Thousandths of a point, at most `largestPoints` either way; more is cut to that.
    ///   - halfLife: Within `halfLives`; nil for a score that does not decay (epoch 0, the amount is `points`).
    public static func term(points: Int64, at: Timestamp, halfLife: Span?) -> (epoch: Int64, amount: Int64) {
        let weight = Weight(at: at, halfLife: halfLife)
        return (weight.epoch, weight.amount(of: points))
    }

    /// What points of one instant weigh: the same for all rules by which its events give some.
    public struct Weight: Sendable {
        public let epoch: Int64
        /// nil where points do not decay.
        private let factor: (power: UInt64, shift: Int64)?

        /// - Parameter halfLife: Within `halfLives`; nil for a score that does not decay.
        public init(at: Timestamp, halfLife: Span?) {
            guard let halfLife else {
                (epoch, factor) = (0, nil)
                return
            }
            let (epoch, offset) = at.microseconds.flooredDivision(by: ScoreArithmetic.epochLength(halfLife))
            let (whole, fraction) = ScoreArithmetic.halvings(offset, halfLife)
            self.epoch = epoch
            factor = (
                ScoreArithmetic.power.ofTwo(fraction),
                ScoreArithmetic.power.bits - ScoreArithmetic.scaleBits - whole
            )
        }

        /// What they add to the sum of their epoch.
        ///
        /// - Parameter points: Thousandths of a point; see `ScoreArithmetic.term`.
        public func amount(of points: Int64) -> Int64 {
            let points = min(max(points, -ScoreArithmetic.largestPoints), ScoreArithmetic.largestPoints)
            guard let (power, shift) = factor else { return points }
            let amount = Int64((points.magnitude * power + 1 << (shift - 1)) >> shift)
            return points < 0 ? -amount : amount
        }
    }

    /// Two amounts of one epoch added up; what Int64 cannot hold stays at its limit.
    ///
    /// Below the limit sums commute. A sum that has met it no longer counts what comes, so that of points of both signs
    /// the order would tell: whoever promises a rebuild equal to the bit takes `left` and `right` that never meet it, or
    /// refuses an event whose sum would.
    public static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? (right < 0 ? .min : .max) : sum
    }

    /// A score at `now` in points, rounded to a thousandth; sums of later epochs count as well.
    ///
    /// The same sums, half-life and instant give the same bits on every machine. As long as the sums stay, the value only
    /// moves towards `constant`, never to and fro: all epochs fade by one factor, which is applied last.
    ///
    /// - Parameter constant: Thousandths of a point that do not fade.
    public static func value(
        sums: [Int64: Int64], halfLife: Span?, plus constant: Int64 = 0, now: Timestamp
    ) -> Double {
        guard let halfLife else { return Double(sum(sums.values.reduce(0, sum), constant)) / 1000 }
        return value(of: inOrder(sums), halfLife: halfLife, plus: constant, at: moment(of: now, halfLife))
    }

    /// The same of sums that are in order, at a moment of theirs.
    static func value(of sums: [Sum], halfLife: Span, plus constant: Int64, at moment: Int64) -> Double {
        (faded(sums, at: moment).rounded() + Double(constant)) / 1000
    }

    /// What is left of a term at `now`, in thousandths of a point, not rounded.
    public static func worth(of term: ScoreTerm, halfLife: Span?, now: Timestamp) -> Double {
        if let until = term.until, until <= now { return 0 }
        guard let halfLife else { return Double(term.amount) }
        return faded([(term.epoch, term.amount)], at: moment(of: now, halfLife))
    }

    /// What was booked in an epoch.
    typealias Sum = (epoch: Int64, amount: Int64)

    /// The earliest epoch first, so that they are added up in one order always.
    static func inOrder(_ sums: [Int64: Int64]) -> [Sum] {
        let all = sums.map { Sum(epoch: $0.key, amount: $0.value) }
        return all.count > 1 ? all.sorted { $0.epoch < $1.epoch } : all
    }

    /// In thousandths of a point.
    private static func faded(_ sums: [Sum], at moment: Int64) -> Double {
        let (age, fraction) = (moment >> momentBits, UInt64(moment & (1 << momentBits - 1)))
        var total = 0.0
        for sum in sums { total += Double(sum.amount) * weight(of: sum.epoch, at: age) }
        return total * (Double(1 << power.bits) / Double(power.ofTwo(fraction))) / Double(1 << scaleBits)
    }

    /// 2 to the number of half-lives from `age` to the start of the epoch, both counted from 1970.
    private static func weight(of epoch: Int64, at age: Int64) -> Double {
        let (start, overflows) = epoch.multipliedReportingOverflow(by: halfLivesPerEpoch)
        guard !overflows else { return 0 }
        let (halvings, ageOverflows) = age.subtractingReportingOverflow(start)
        guard !ageOverflows else { return 0 }
        return Double(sign: .plus, exponent: Int(min(max(-halvings, -1000), 900)), significand: 1)
    }

    static func epochLength(_ halfLife: Span) -> Int64 {
        let range = (halfLives.lowerBound.microseconds, halfLives.upperBound.microseconds)
        return min(max(halfLife.microseconds, range.0), range.1) * halfLivesPerEpoch
    }

    private static let momentBits: Int64 = 16

    /// The time since 1970 in 65,536ths of a half-life, rounded down: in between no score changes.
    static func moment(of time: Timestamp, _ halfLife: Span) -> Int64 {
        let (whole, fraction) = halvings(time.microseconds, halfLife)
        return whole << momentBits | Int64(fraction)
    }

    /// The first instant of a moment.
    static func start(of moment: Int64, _ halfLife: Span) -> Timestamp {
        let length = epochLength(halfLife) / halfLivesPerEpoch
        let wide = UInt64(moment & (1 << momentBits - 1)).multipliedFullWidth(by: UInt64(length))
        let (offset, rest) = UInt64(1 << momentBits).dividingFullWidth(wide)
        return Timestamp(microseconds: (moment >> momentBits) * length + Int64(offset) + (rest > 0 ? 1 : 0))
    }

    /// `span / halfLife` as a whole number and a fraction in 1/65,536.
    private static func halvings(_ span: Int64, _ halfLife: Span) -> (whole: Int64, fraction: UInt64) {
        let length = epochLength(halfLife) / halfLivesPerEpoch
        let (whole, rest) = span.flooredDivision(by: length)
        let wide = UInt64(rest).multipliedFullWidth(by: 1 << 16)
        return (whole, UInt64(length).dividingFullWidth(wide).quotient)
    }

    private static let power = BinaryPower()
}

/// Powers of two with a fractional exponent, in integers.
struct BinaryPower: Sendable {
    /// Fraction bits of a result.
    let bits: Int64 = 30

    /// round(2^(2^−k) · 2^30) for k = 1 … 16.
    private let roots: [UInt64] = [
        1_518_500_250, 1_276_901_417, 1_170_923_762, 1_121_280_436, 1_097_253_708, 1_085_434_106, 1_079_572_136,
        1_076_653_033, 1_075_196_443, 1_074_468_888, 1_074_105_294, 1_073_923_544, 1_073_832_680, 1_073_787_251,
        1_073_764_537, 1_073_753_181,
    ]

    /// What the upper eight bits of a fraction come to.
    private let beginnings: [UInt64]

    init() {
        let upper = roots[..<8]
        beginnings = (0..<256).map { Self.product(1 << 30, of: upper, by: $0) }
    }

    /// `2^(fraction / 65536) · 2^30`, for a fraction of at most 16 bits.
    func ofTwo(_ fraction: UInt64) -> UInt64 {
        Self.product(beginnings[Int(fraction >> 8)], of: roots[8...], by: fraction & 0xFF)
    }

    /// Multiplied with those of eight roots whose bits are set, one after the other and each time rounded.
    private static func product(_ start: UInt64, of roots: ArraySlice<UInt64>, by bits: UInt64) -> UInt64 {
        var (product, bit) = (start, UInt64(0x80))
        for root in roots {
            if bits & bit != 0 { product = (product * root + 1 << 29) >> 30 }
            bit >>= 1
        }
        return product
    }
}
