public import Model

/// What an event adds to a score, or takes back: so much to the sum of one epoch, for good or until an instant.
public struct ScoreTerm: Sendable, Hashable {
    public var epoch: Int64
    public var amount: Int64
    /// From this instant on it counts no more; nil: it counts for good.
    public var until: Timestamp?

    public init(epoch: Int64, amount: Int64, until: Timestamp? = nil) {
        self.epoch = epoch
        self.amount = amount
        self.until = until
    }

    /// What takes this one back.
    public var negated: ScoreTerm { ScoreTerm(epoch: epoch, amount: -amount, until: until) }
}

extension ScoreArithmetic {
    /// What an event adds that counts for `expiry`; see `term(points:at:halfLife:)`.
    public static func term(points: Int64, at: Timestamp, halfLife: Span?, expiry: Span?) -> ScoreTerm {
        let (epoch, amount) = term(points: points, at: at, halfLife: halfLife)
        return ScoreTerm(epoch: epoch, amount: amount, until: expiry.map { at + $0 })
    }

    /// How long points with an end may count.
    public static let expiries: ClosedRange<Span> = .minutes(1) ... .days(3660)
}

/// One contact's score of one model, as sums of terms: the same sums whatever the order in which they came.
public struct ScoreBalance: Sendable, Hashable {
    /// Which sum points with an end belong to.
    public struct End: Sendable, Hashable {
        public var until: Timestamp
        public var epoch: Int64

        public init(until: Timestamp, epoch: Int64) {
            self.until = until
            self.epoch = epoch
        }
    }

    /// Per epoch, what counts for good.
    public private(set) var lasting: [Int64: Int64] = [:]
    /// What counts until an instant.
    public private(set) var passing: [End: Int64] = [:]

    public init() {}

    public init(lasting: [Int64: Int64]) { self.lasting = lasting }

    /// Adds a term; a sum of zero is left out.
    ///
    /// - Returns: false where the sum would be larger than what can be counted; it is as before then.
    @discardableResult
    public mutating func add(_ term: ScoreTerm) -> Bool {
        guard let until = term.until else {
            return Self.add(term.amount, to: &lasting, at: term.epoch)
        }
        return Self.add(term.amount, to: &passing, at: End(until: until, epoch: term.epoch))
    }

    private static func add<Key>(_ amount: Int64, to sums: inout [Key: Int64], at key: Key) -> Bool {
        let (sum, overflows) = (sums[key] ?? 0).addingReportingOverflow(amount)
        guard !overflows else { return false }
        sums[key] = sum == 0 ? nil : sum
        return true
    }

    /// All sums as terms.
    public var terms: [ScoreTerm] {
        lasting.map { ScoreTerm(epoch: $0, amount: $1) }
            + passing.map { ScoreTerm(epoch: $0.epoch, amount: $1, until: $0.until) }
    }

    public var isEmpty: Bool { lasting.isEmpty && passing.isEmpty }

    /// The balance without what has ended by `now`.
    public func standing(at now: Timestamp) -> ScoreBalance {
        guard passing.keys.contains(where: { $0.until <= now }) else { return self }
        var balance = self
        balance.passing = passing.filter { $0.key.until > now }
        return balance
    }

    /// Per epoch, what counts at an instant.
    func sums(at time: Timestamp) -> [Int64: Int64] {
        guard !passing.isEmpty else { return lasting }
        var sums = lasting
        for (end, amount) in passing where end.until > time {
            sums[end.epoch] = ScoreArithmetic.sum(sums[end.epoch] ?? 0, amount)
        }
        return sums
    }

    /// The score in points, rounded to a thousandth.
    ///
    /// - Parameter constant: Thousandths of a point that neither fade nor end, such as those of fit rules.
    public func value(halfLife: Span?, plus constant: Int64 = 0, now: Timestamp) -> Double {
        ScoreArithmetic.value(sums: sums(at: now), halfLife: halfLife, plus: constant, now: now)
    }
}
