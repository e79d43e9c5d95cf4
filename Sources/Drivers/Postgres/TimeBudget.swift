/// How long the statements of one use of a connection may take: on the server, and until the server is given up.
///
/// A limit for the whole use ends with a reserve, in which no statement is begun or still runs on the server: so a
/// refusal arrives in time, and what is open can be rolled back and the connection kept.
struct TimeBudget: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The server ends a statement that takes longer; zero is no limit.
    let statementTimeout: Duration
    /// How much longer than that the server may stay silent.
    let silenceAllowance: Duration
    /// When the whole use must be over, whatever the server does; nil is never.
    let limit: Instant?
    private let reserve: Duration
    /// Whether the server must be told of it, because it differs from the connection's own settings.
    let isSpecial: Bool

    init(
        _ configuration: PostgresConfiguration, statementTimeout: Duration? = nil, within: Duration? = nil,
        from now: Instant = .now
    ) {
        self.statementTimeout = statementTimeout ?? configuration.statementTimeout
        silenceAllowance = configuration.silenceAllowance
        limit = within.map { now + $0 }
        reserve = within.map { min(max($0 / 8, .milliseconds(20)), .milliseconds(500), max($0 / 2, .zero)) } ?? .zero
        isSpecial = statementTimeout != nil || within != nil
    }

    /// Whether it is too late even to end what is open.
    func isSpent(at now: Instant) -> Bool {
        limit.map { $0 <= now } ?? false
    }

    /// Whether it is too late to begin a statement.
    func isEnding(at now: Instant) -> Bool {
        limit.map { $0 - reserve <= now } ?? false
    }

    /// What the server is to be told as its statement_timeout.
    func serverTimeout(at now: Instant) -> Duration {
        guard let limit else { return statementTimeout }
        // Zero would be no limit.
        let left = max(limit - reserve - now, .milliseconds(1))
        return statementTimeout > .zero ? min(statementTimeout, left) : left
    }

    /// Whether a statement that begins now with this statement_timeout, nil for an unknown one, could take too long.
    ///
    /// Half of the reserve may be used up first: telling the server takes a round trip, and short uses are to have none.
    func outlasts(_ serverTimeout: Duration?, at now: Instant) -> Bool {
        guard let limit else { return false }
        guard let serverTimeout, serverTimeout > .zero else { return true }
        return now + serverTimeout > limit - reserve / 2
    }

    /// When to give up a server that is silent from now on; nil is never.
    func givesUp(at now: Instant) -> Instant? {
        let patience = statementTimeout > .zero ? now + statementTimeout + silenceAllowance : nil
        guard let limit, let patience else { return limit ?? patience }
        return min(limit, patience)
    }
}
