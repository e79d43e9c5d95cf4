internal import CLibPQ
import ConnectionThread
import Logging

/// One place in the pool: a thread, and the connection that is opened on it when it is needed.
actor PooledConnection {
    enum Scope: Sendable {
        case transaction
        case autocommit
    }

    private let thread: ConnectionThread
    private let configuration: PostgresConfiguration
    private let health: DatabaseHealth
    private let logger: Logger
    private var wire: Wire?

    init(_ configuration: PostgresConfiguration, health: DatabaseHealth, logger: Logger) {
        thread = ConnectionThread(name: "postgres")
        self.configuration = configuration
        self.health = health
        self.logger = logger
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Lends the connection to `body`; the whole of it is one job of the thread, so nothing comes between.
    func use<R: Sendable>(
        _ scope: Scope, statementTimeout: Duration?, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled") }
        defer { settle() }
        switch scope {
        case .transaction: return try transact(statementTimeout, body)
        case .autocommit: return try lend(statementTimeout, body)
        }
    }

    /// Makes sure that there is a connection.
    func open() throws(PostgresError) {
        _ = try liveWire()
    }

    func close() {
        discard()
        thread.shutdown()
    }

    // MARK: Transactions

    private func transact<R: Sendable>(
        _ statementTimeout: Duration?, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        let wire = try begin(statementTimeout)
        let session = PostgresSession(wire)
        defer { session.end() }
        let value: R
        do {
            value = try body(session)
        } catch {
            // If this fails the connection is discarded, which rolls back as well.
            _ = try? wire.run("rollback")
            throw error
        }
        try commit(wire)
        return value
    }

    private func begin(_ statementTimeout: Duration?) throws(PostgresError) -> Wire {
        var sql = "begin isolation level read committed"
        if let statementTimeout {
            sql += "; set local statement_timeout = \(statementTimeout.wholeMilliseconds)"
        }
        do throws(PostgresError) {
            return try begin(liveWire(), sql, statementTimeout)
        } catch {
            guard error.isConnectionLost, error.code != .timeout else { throw error }
            // Nothing was asked of it yet: a connection that died unnoticed may be replaced.
            discard()
            return try begin(liveWire(), sql, statementTimeout)
        }
    }

    private func begin(_ wire: Wire, _ sql: String, _ statementTimeout: Duration?)
        throws(PostgresError) -> Wire
    {
        setPatience(of: wire, statementTimeout)
        do throws(PostgresError) {
            _ = try wire.run(sql)
        } catch {
            var error = error
            error.isUnknownOutcome = false
            throw error
        }
        return wire
    }

    private func commit(_ wire: Wire) throws(PostgresError) {
        guard !wire.isBroken else { throw wire.lost("the connection was lost before the commit") }
        do throws(PostgresError) {
            if try wire.run("commit").commandTag == "ROLLBACK" {
                throw PostgresError(
                    .usage, "a statement had failed, so the transaction was rolled back, not committed")
            }
        } catch {
            var error = error
            error.isUnknownOutcome = error.isConnectionLost
            throw error
        }
    }

    private func lend<R: Sendable>(
        _ statementTimeout: Duration?, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        let wire = try liveWire()
        setPatience(of: wire, statementTimeout)
        if let statementTimeout {
            _ = try wire.run("set statement_timeout = \(statementTimeout.wholeMilliseconds)")
        }
        defer { if statementTimeout != nil { _ = try? wire.run("rollback; reset statement_timeout") } }
        let session = PostgresSession(wire)
        defer { session.end() }
        return try body(session)
    }

    // MARK: The connection

    private func liveWire() throws(PostgresError) -> Wire {
        if let wire, wire.isAlive() { return wire }
        discard()
        try health.checkAttempt()
        do throws(PostgresError) {
            let wire = try Wire.open(configuration, logger: logger)
            health.noteOpened(host: wire.address.host, port: wire.address.port)
            self.wire = wire
            watch(wire)
            return wire
        } catch {
            health.noteFailure(error, host: configuration.host, port: configuration.port)
            throw error
        }
    }

    private func watch(_ wire: Wire) {
        thread.watch(fileDescriptor: wire.socket, timeout: nil) { [weak self] _ in
            self?.assumeIsolated { $0.listen() }
        }
    }

    /// The server speaks although nobody asked: a notice, a changed setting, or its end.
    private func listen() {
        guard let wire, !wire.isAlive() else { return }
        discard()
        health.noteLoss()
    }

    /// The server ends a slow statement itself; this is the answer to a server that does not.
    private func setPatience(of wire: Wire, _ statementTimeout: Duration?) {
        let limit = statementTimeout ?? configuration.statementTimeout
        wire.patience = limit > .zero ? limit + configuration.silenceAllowance : nil
    }

    /// After each use: a connection that is broken, or in a state that we do not know, is not used again.
    private func settle() {
        guard let wire else { return }
        if !wire.isBroken, wire.transaction == PQTRANS_INTRANS || wire.transaction == PQTRANS_INERROR {
            _ = try? wire.run("rollback")
        }
        if wire.isBroken || wire.transaction != PQTRANS_IDLE { discard() }
    }

    private func discard() {
        thread.unwatch()
        wire = nil
    }
}
