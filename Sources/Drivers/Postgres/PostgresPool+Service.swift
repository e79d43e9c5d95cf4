import ConnectionThread
import ServiceLifecycle

extension PostgresPool {
    /// Keeps a connection open, so that the database's absence and return are noticed without any work to do; on
    /// graceful shutdown or cancellation closes the pool. To be called once.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.keepConnected() }
        await close()
    }

    /// Lends nothing more, refuses those who wait, and returns when the connections in use have come back and all are
    /// closed.
    public func close() async {
        let (idle, waiters) = lending.withLock { $0.ledger.beginClosing() }
        for waiter in waiters { waiter.resume(throwing: Self.closed) }
        for connection in idle { await close(connection) }
        await withCheckedContinuation { continuation in
            let isClosed = lending.withLock { state in
                if !state.ledger.isClosed { state.closeWaiters.append(continuation) }
                return state.ledger.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    func close(_ connection: PooledConnection) async {
        await connection.close()
        noteGone()
    }

    /// A connection that was made, or was to be, is none any more.
    func noteGone() {
        let done = lending.withLock { state in
            state.ledger.noteClosed()
            guard state.ledger.isClosed else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closeWaiters = [] }
            return state.closeWaiters
        }
        for waiter in done { waiter.resume() }
    }

    private func keepConnected() async {
        var troubles = health.troubles.makeAsyncIterator()
        repeat {
            while !Task.isCancelled, await !reconnect() {
                try? await Task.sleep(until: health.nextAttempt, clock: .continuous)
            }
        } while await troubles.next() != nil
    }

    /// Opens a connection that nobody uses, where one is lacking; those in use look after themselves.
    private func reconnect() async -> Bool {
        guard health.lacksConnection else { return true }
        let connection: PooledConnection
        switch lending.withLock({ $0.ledger.takeUnopened { $0.isOpen } }) {
        case .take(let idle): connection = idle
        case .make:
            guard let made = try? makeConnection() else { return false }
            connection = made
        case .wait, .closed: return true
        }
        let isOpen = await (try? connection.open(until: nil)) != nil
        await checkIn(connection)
        return isOpen
    }
}
