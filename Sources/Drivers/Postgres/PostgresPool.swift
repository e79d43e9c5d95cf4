import ConnectionThread
public import Logging
public import ServiceLifecycle

/// A few connections to PostgreSQL, each on a thread of its own, lent to one closure at a time.
///
/// Connections are opened when they are first needed and replaced when they break. The pool also works without
/// ``run()``, as in a command-line tool: then call ``close()`` at the end.
public final class PostgresPool: Service, Sendable {
    /// Whether the database answers.
    public enum Availability: Sendable, Equatable {
        case available
        /// No connection is open and the last attempt to open one failed, or none was made yet. The reason names neither
        /// user nor database.
        case away(since: ContinuousClock.Instant, reason: String)
    }

    typealias Waiter = CheckedContinuation<PooledConnection, any Error>

    struct Lending: Sendable {
        var ledger: PoolLedger<PooledConnection, Waiter>
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: PostgresConfiguration
    let logger: Logger
    let health: DatabaseHealth
    let lending: Locked<Lending>

    /// Makes a pool; nothing is opened yet.
    public init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        health = DatabaseHealth(logger: logger)
        lending = Locked(Lending(ledger: PoolLedger(capacity: configuration.poolSize)))
    }

    /// Whether the database answers: it does while any connection is open; `away` until the first one is.
    public var state: Availability { health.availability }

    /// For how long the server has answered nothing to any connection, all of them waiting: seconds may be a long statement,
    /// or the server hangs. Nil where it owes no answer.
    public var silence: Duration? { health.silence }

    /// Runs `body` in a transaction (READ COMMITTED) and commits it; rolls back if `body` throws.
    ///
    /// `body` is synchronous and runs on the connection's thread, so nothing can come between its statements. It may be
    /// long, but must not wait for anything else.
    ///
    /// - Parameters:
    ///   - within: the time for all of it: waiting for a connection, opening one, the statements, the commit. A server
    ///     that is silent is given up at the end of it. Its last eighth, half a second at most, is kept for ending
    ///     what is open: no statement is begun in it, and one that still runs is ended by the server. What `body` does
    ///     between its statements is not interrupted. Nil is no limit but those below.
    ///   - deadline: how long to wait for a connection to become free; at most `within`.
    ///   - statementTimeout: instead of the configuration's, for this transaction; zero is no limit.
    /// - Throws: what `body` throws; ``PostgresError`` with `isTransient` while the database is away or where the time
    ///   is over (code `timeout`, or the server's 57014), with `isUnknownOutcome` if the reply to the COMMIT was lost.
    public func withTransaction<R: Sendable>(
        within: Duration? = nil, deadline: Duration = .seconds(10), statementTimeout: Duration? = nil,
        _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        try await use(.transaction, within, deadline, statementTimeout, body)
    }

    /// Runs `body` outside of a transaction: each statement commits by itself. Otherwise as ``withTransaction(_:)``.
    ///
    /// A transaction that `body` leaves open is rolled back.
    public func withConnection<R: Sendable>(
        within: Duration? = nil, deadline: Duration = .seconds(10), statementTimeout: Duration? = nil,
        _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        try await use(.autocommit, within, deadline, statementTimeout, body)
    }

    private func use<R: Sendable>(
        _ scope: PooledConnection.Scope, _ within: Duration?, _ deadline: Duration, _ statementTimeout: Duration?,
        _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let now = ContinuousClock.now
        let budget = TimeBudget(configuration, statementTimeout: statementTimeout, within: within, from: now)
        let connection = try await checkOutOpen(by: now + min(deadline, within ?? deadline), until: budget.limit)
        do {
            let value = try await connection.use(scope, budget, body)
            await checkIn(connection)
            return value
        } catch {
            await checkIn(connection)
            throw error
        }
    }
}
