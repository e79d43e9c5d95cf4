internal import CLibPQ
import ConnectionThread
import Logging
import Synchronization

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
    private let hasWire = Atomic(false)
    private var wire: Wire?

    /// - Throws: when there is no thread for it.
    init(
        _ configuration: PostgresConfiguration, health: DatabaseHealth, logger: Logger
    ) throws(ConnectionThread.StartFailure) {
        thread = try ConnectionThread(name: "postgres")
        self.configuration = configuration
        self.health = health
        self.logger = logger
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Whether there is a connection, as far as is known; the pool prefers those where there is.
    nonisolated var isOpen: Bool { hasWire.load(ordering: .relaxed) }

    /// Lends the connection to `body`; the whole of it is one job of the thread, so nothing comes between.
    func use<R: Sendable>(
        _ scope: Scope, _ budget: TimeBudget, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled") }
        defer { settle() }
        switch scope {
        case .transaction: return try transact(budget, body)
        case .autocommit: return try lend(budget, body)
        }
    }

    /// Makes sure that there is a connection.
    ///
    /// - Throws: ``PostgresError`` with code `timeout` at `limit`, with code `connection` if it cannot be opened.
    func open(until limit: ContinuousClock.Instant?) throws(PostgresError) {
        _ = try liveWire(until: limit)
    }

    func close() {
        drop()
        thread.shutdown()
    }

    /// After each use: a connection that is broken, or in a state that we do not know, is not used again.
    private func settle() {
        guard let wire else { return }
        wire.tidy()
        if !wire.isReusable { drop() }
    }

    func liveWire(until limit: ContinuousClock.Instant?) throws(PostgresError) -> Wire {
        if let wire, wire.isAlive() { return wire }
        drop()
        try health.checkAttempt()
        do throws(PostgresError) {
            let wire = try Opening(configuration: configuration, limit: limit, logger: logger).run()
            adopt(wire)
            return wire
        } catch {
            // A caller who gave up early has found nothing out.
            if error.code != .timeout { health.noteFailure(error, server: configuration.server) }
            throw error
        }
    }

    private func adopt(_ wire: Wire) {
        self.wire = wire
        wire.health = health
        hasWire.store(true, ordering: .relaxed)
        health.noteOpened(host: wire.address.host, port: wire.address.port)
        thread.watch(fileDescriptor: wire.socket, timeout: nil) { [weak self] _ in
            self?.assumeIsolated { $0.listen() }
        }
    }

    /// The server speaks although nobody asked: a notice, a changed setting, or its end.
    private func listen() {
        guard let wire, !wire.isAlive() else { return }
        drop()
        health.noteLoss()
    }

    func drop() {
        guard wire != nil else { return }
        thread.unwatch()
        wire = nil
        hasWire.store(false, ordering: .relaxed)
        health.noteClosed()
    }
}
