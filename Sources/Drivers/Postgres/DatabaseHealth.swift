import ConnectionThread
import Logging

/// Whether the database answers, as the pool's connections find out; says so in the log once per change.
///
/// It is available as long as one connection is open, whatever becomes of attempts to open more.
final class DatabaseHealth: Sendable {
    private struct State {
        /// How many connections are open.
        var live = 0
        /// How many attempts have failed since one succeeded, and how the last one did.
        var failures = 0
        var lastError: PostgresError?
        var nextAttempt = ContinuousClock.now
        /// Nil while the database is available.
        var awaySince: ContinuousClock.Instant? = .now
        /// Whether the log says that it is away.
        var isAnnounced = false
        /// Since when connections wait for an answer, each by its wire.
        var waits: [ObjectIdentifier: ContinuousClock.Instant] = [:]

        var isDue: Bool { failures == 0 || nextAttempt <= .now }
    }

    private enum News {
        case away
        case onlyForMore
    }

    /// Yields when there may be a connection to open.
    let troubles: AsyncStream<Void>
    private let trouble: AsyncStream<Void>.Continuation
    private let state = Locked(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        (troubles, trouble) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var availability: PostgresPool.Availability {
        state.withLock { state in
            guard let since = state.awaySince else { return .available }
            return .away(since: since, reason: state.lastError?.summary ?? "no connection has been opened yet")
        }
    }

    var nextAttempt: ContinuousClock.Instant { state.withLock { $0.nextAttempt } }

    var hasLiveConnection: Bool { state.withLock { $0.live > 0 } }

    /// Whether to open a connection rather than wait for one that is open.
    var mayOpen: Bool { state.withLock { $0.live == 0 || $0.isDue } }

    /// Whether the pool should open a connection though nobody asks: there is none, or the last attempt failed.
    var lacksConnection: Bool { state.withLock { $0.live == 0 || $0.failures > 0 } }

    /// Refuses while the last attempt failed and the next one is not due.
    func checkAttempt() throws(PostgresError) {
        if let error = state.withLock({ $0.isDue ? nil : $0.lastError }) { throw error }
    }

    func noteOpened(host: String, port: String) {
        let before = state.withLock { state in
            let before = state
            state = State(live: before.live + 1, awaySince: nil, waits: before.waits)
            return before
        }
        guard before.isAnnounced, let since = before.awaySince else { return }
        logger.notice(
            "PostgreSQL is back",
            metadata: ["host": "\(host)", "port": "\(port)", "away": "\(since.duration(to: .now))"])
    }

    /// For how long the server has answered nothing, while all open connections wait for it; nil where it owes nothing.
    var silence: Duration? {
        state.withLock { state in
            guard state.live > 0, state.waits.count >= state.live else { return nil }
            return state.waits.values.max().map { .now - $0 }
        }
    }

    func noteWait(_ wire: ObjectIdentifier) { state.withLock { $0.waits[wire] = .now } }

    func noteAnswer(_ wire: ObjectIdentifier) { _ = state.withLock { $0.waits.removeValue(forKey: wire) } }

    /// A connection that was open is so no more.
    func noteClosed() {
        state.withLock { $0.live -= 1 }
    }

    /// A connection that nobody used was lost.
    func noteLoss() {
        logger.debug("PostgreSQL ended an idle connection")
        trouble.yield()
    }

    /// A place whose connection is not open is nobody's, so the pool may open it.
    func notePlace() {
        trouble.yield()
    }

    func noteFailure(_ error: PostgresError, server: String) {
        let news: News? = state.withLock { state in
            state.failures += 1
            state.nextAttempt = .now + Self.pause(afterFailures: state.failures)
            state.lastError = error
            guard state.live == 0 else { return state.failures == 1 ? .onlyForMore : nil }
            state.awaySince = state.awaySince ?? .now
            defer { state.isAnnounced = true }
            return state.isAnnounced ? nil : .away
        }
        let metadata: Logger.Metadata = ["server": "\(server)", "reason": "\(error.summary)"]
        switch news {
        case .away: logger.warning("PostgreSQL is away", metadata: metadata)
        case .onlyForMore: logger.warning("PostgreSQL refuses a further connection", metadata: metadata)
        case nil: break
        }
        trouble.yield()
    }

    /// From a tenth of a second, doubled up to one; scattered, so that processes do not return in step.
    ///
    /// What waits for longer is missing from the time in which a backlog is worked off; an attempt costs little.
    static func pause(afterFailures failures: Int) -> Duration {
        let whole = min(1_000, 100 << min(failures - 1, 4))
        return .milliseconds(Int.random(in: whole / 2...whole))
    }
}
