import ConnectionThread
import Logging

/// Whether the database answers, as the pool's connections find out; says so in the log once per change.
final class DatabaseHealth: Sendable {
    private struct State {
        var availability: PostgresPool.Availability
        var failures = 0
        var nextAttempt = ContinuousClock.now
    }

    /// Yields after a connection was lost or could not be opened.
    let troubles: AsyncStream<Void>
    private let trouble: AsyncStream<Void>.Continuation
    private let state: Locked<State>
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        state = Locked(
            State(availability: .away(since: .now, reason: "no connection has been opened yet")))
        (troubles, trouble) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var availability: PostgresPool.Availability { state.withLock { $0.availability } }

    var nextAttempt: ContinuousClock.Instant { state.withLock { $0.nextAttempt } }

    /// Refuses while the database is known to be away and the next attempt is not due.
    func checkAttempt() throws(PostgresError) {
        let reason: String? = state.withLock { state in
            guard case .away(_, let reason) = state.availability, state.nextAttempt > .now else {
                return nil
            }
            return reason
        }
        if let reason { throw PostgresError(.connection, reason) }
    }

    func noteOpened(host: String, port: String) {
        let before = state.withLock { state in
            defer { state = State(availability: .available) }
            return state
        }
        guard case .away(let since, _) = before.availability, before.failures > 0 else { return }
        logger.notice(
            "PostgreSQL is back",
            metadata: ["host": "\(host)", "port": "\(port)", "away": "\(since.duration(to: .now))"])
    }

    func noteFailure(_ error: PostgresError, host: String, port: String) {
        let isNews = state.withLock { state in
            let isNews = state.failures == 0
            state.failures += 1
            state.nextAttempt = .now + Self.pause(afterFailures: state.failures)
            var since = ContinuousClock.now
            if case .away(let earlier, _) = state.availability { since = earlier }
            state.availability = .away(since: since, reason: error.message)
            return isNews
        }
        if isNews {
            logger.warning(
                "PostgreSQL is away",
                metadata: ["host": "\(host)", "port": "\(port)", "reason": "\(error.message)"])
        }
        trouble.yield()
    }

    /// A connection ended while nobody used it.
    func noteLoss() {
        logger.debug("PostgreSQL ended an idle connection")
        trouble.yield()
    }

    /// From a tenth of a second, doubled up to two seconds; scattered, so that processes do not return in step.
    static func pause(afterFailures failures: Int) -> Duration {
        let whole = min(2_000, 100 << min(failures - 1, 5))
        return .milliseconds(Int.random(in: whole / 2...whole))
    }
}
