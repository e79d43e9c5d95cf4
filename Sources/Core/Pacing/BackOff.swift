public import Model

/// How far mail to one site is slowed down, since its servers put it off: halved, held, and raised again step by step
/// (a circuit breaker with partial opening). A value without clock; instants are domain time.
public struct BackOff: Sendable, Hashable {
    /// Shares are counted in so many parts.
    public static let whole: Int64 = 1000
    /// So many deferrals on end halve the rate.
    public static let threshold: Int32 = 5
    /// How long a rate is held before it rises by a tenth of the whole, and then by another.
    public static let hold = Span(microseconds: 15 * 60_000_000)
    private static let step: Int64 = 100
    /// It gets no slower than that.
    private static let least: Int64 = 10
    /// Within this what was under way when the rate was halved is answered, and says nothing about the new rate.
    private static let grace = Span(microseconds: 60_000_000)

    /// Deferrals on end.
    public var failures: Int32
    /// What the rate was lowered to, of ``whole``.
    public private(set) var lowered: Int64
    /// When it was lowered last; nil: never, or it is forgotten.
    public private(set) var since: Timestamp?
    /// Mails a minute that went before: the whole of the rate.
    public private(set) var perMinute: Int64?

    public init(failures: Int32 = 0, lowered: Int64 = whole, since: Timestamp? = nil, perMinute: Int64? = nil) {
        (self.failures, self.lowered, self.since, self.perMinute) = (failures, lowered, since, perMinute)
    }

    /// The part of the rate that may go.
    public func share(at now: Timestamp) -> Int64 {
        guard let since else { return Self.whole }
        let steps = max(0, (now - since).microseconds / Self.hold.microseconds)
        return min(Self.whole, lowered + min(steps, 10) * Self.step)
    }

    /// When the rate is whole again, as far as nothing else is put off.
    public var endsAt: Timestamp? {
        since.map {
            $0 + Span(microseconds: (Self.whole - lowered + Self.step - 1) / Self.step * Self.hold.microseconds)
        }
    }

    public func isActive(at now: Timestamp) -> Bool { share(at: now) < Self.whole }

    /// A mail was put off with 421 or 4.7.x.
    ///
    /// - Parameter perMinute: how many went to the site in the last minute.
    /// - Returns: whether the rate is halved by it.
    public mutating func noteDeferral(at now: Timestamp, perMinute seen: Int64) -> Bool {
        if let since, now - since < Self.grace { return false }
        failures += 1
        guard failures >= Self.threshold else { return false }
        // Else what went before went at a lowered rate.
        if !isActive(at: now) { perMinute = max(1, seen) }
        lowered = max(Self.least, share(at: now) / 2)
        (since, failures) = (now, 0)
        return true
    }

    /// A mail was taken, or turned down for a reason of its own.
    public mutating func noteAnswer() { failures = 0 }

    /// Seconds after which allowances repeat themselves: the parts of a share, times those of a minute.
    static let cycle = 60 * whole

    /// What one second of the clock has while the rate is lowered, so that the seconds together have the share of what went
    /// before; nil: nothing is lowered.
    func allowance(ofSecond second: Int64, at now: Timestamp) -> Int64? {
        let share = share(at: now)
        guard share < Self.whole, let perMinute else { return nil }
        let place = second % Self.cycle
        return perMinute * share * (place + 1) / Self.cycle - perMinute * share * place / Self.cycle
    }
}
