import Model

/// How fast a process goes to contacts whose timers are late, since schedulers were away: so many a second, evenly, so that
/// what is punctual, and what stands behind (the database, the mail server), bears it.
struct CatchUp {
    /// Timers that are due for longer are late.
    static let patience = Span.seconds(10)
    /// What was not used within this time is gone.
    private static let memory = Duration.milliseconds(200)

    /// Contacts a second.
    private let rate: Int
    private var level: Double
    private var last: ContinuousClock.Instant

    init(rate: Int, at now: ContinuousClock.Instant) {
        self.rate = rate
        level = 0
        last = now
    }

    /// How many may be looked at now.
    mutating func allowance(at now: ContinuousClock.Instant) -> Int {
        let most = max(1, Double(rate) * (Self.memory / .seconds(1)))
        level = min(most, level + Double(rate) * ((now - last) / .seconds(1)))
        last = now
        return Int(level)
    }

    mutating func take(_ count: Int) { level -= Double(count) }
}
