import ConnectionThread

extension PostgresPool {
    /// Lends an open connection.
    ///
    /// One that cannot be opened is no reason to refuse a caller while others are open: then it waits for one of those.
    ///
    /// - Parameters:
    ///   - deadline: until when to wait for one to become free.
    ///   - limit: until when to try to open one.
    func checkOutOpen(
        by deadline: ContinuousClock.Instant, until limit: ContinuousClock.Instant?
    ) async throws -> PooledConnection {
        while true {
            do {
                return try await tryToCheckOut(by: deadline, until: limit)
            } catch let error as PostgresError where error.code == .connection {
                guard health.hasLiveConnection, deadline > .now else { throw error }
            }
        }
    }

    private func tryToCheckOut(
        by deadline: ContinuousClock.Instant, until limit: ContinuousClock.Instant?
    ) async throws -> PooledConnection {
        let connection = try await checkOut(by: deadline)
        if connection.isOpen { return connection }
        do {
            try await connection.open(until: limit)
            return connection
        } catch {
            await checkIn(connection)
            throw error
        }
    }

    private func checkOut(by deadline: ContinuousClock.Instant) async throws -> PooledConnection {
        switch take(orWaitAs: nil) {
        case .take(let connection): return connection
        case .make: return try makeConnection()
        case .closed: throw Self.closed
        case .wait: return try await waitInLine(until: deadline)
        }
    }

    private func take(orWaitAs place: (id: UInt64, waiter: Waiter)?) -> PoolLedger<PooledConnection, Waiter>.Taking {
        let mayOpen = health.mayOpen
        return lending.withLock { state in
            let taking = state.ledger.take(mayOpen: mayOpen) { $0.isOpen }
            if case .wait = taking, let place { state.ledger.enqueue(place.waiter, as: place.id) }
            return taking
        }
    }

    /// Makes the place of a connection that the ledger counts already.
    func makeConnection() throws(PostgresError) -> PooledConnection {
        do {
            return try PooledConnection(configuration, health: health, logger: logger)
        } catch {
            var failure = PostgresError(.connection, "the system has no thread or file descriptor left")
            failure.detail = "errno \(error.number)"
            health.noteFailure(failure, server: configuration.server)
            noteGone()
            throw failure
        }
    }

    /// The connection is free for others before this returns, unless the pool is closing.
    func checkIn(_ connection: PooledConnection) async {
        switch lending.withLock({ $0.ledger.put(connection) }) {
        case .keep where connection.isOpen: break
        // Only now can the pool take it, to open it.
        case .keep: health.notePlace()
        case .handOver(let connection, let waiter): waiter.resume(returning: connection)
        case .close(let connection): await close(connection)
        }
    }

    private func waitInLine(until deadline: ContinuousClock.Instant) async throws -> PooledConnection {
        let id = lending.withLock { $0.ledger.newID() }
        async let _: Void = refuse(id, after: deadline)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                enqueue(waiter, as: id)
                // The handler may have run before there was anything to take out.
                if Task.isCancelled { refuse(id, Self.cancelled) }
            }
        } onCancel: {
            refuse(id, Self.cancelled)
        }
    }

    private func enqueue(_ waiter: Waiter, as id: UInt64) {
        // A connection may have come back since the first look.
        switch take(orWaitAs: (id, waiter)) {
        case .take(let connection): waiter.resume(returning: connection)
        case .make: waiter.resume(with: Result { try makeConnection() })
        case .closed: waiter.resume(throwing: Self.closed)
        case .wait: break
        }
    }

    private func refuse(_ id: UInt64, after deadline: ContinuousClock.Instant) async {
        do { try await Task.sleep(until: deadline, clock: .continuous) } catch { return }
        refuse(id, PostgresError(.timeout, "no connection became free before the deadline"))
    }

    private func refuse(_ id: UInt64, _ error: PostgresError) {
        lending.withLock { $0.ledger.remove(id) }?.resume(throwing: error)
    }

    static var cancelled: PostgresError {
        PostgresError(.cancelled, "the task was cancelled while it waited for a connection")
    }

    static var closed: PostgresError { PostgresError(.cancelled, "the pool is closed") }
}
