import ConnectionThread

extension PostgresPool {
    func checkOut(within deadline: Duration) async throws -> PooledConnection {
        switch lending.withLock({ $0.ledger.take() }) {
        case .take(let connection): return connection
        case .make: return PooledConnection(configuration, health: health, logger: logger)
        case .closed: throw Self.closed
        case .wait: return try await waitInLine(for: deadline)
        }
    }

    /// The connection is free for others before this returns, unless the pool is closing.
    func checkIn(_ connection: PooledConnection) async {
        switch lending.withLock({ $0.ledger.put(connection) }) {
        case .keep: break
        case .handOver(let connection, let waiter): waiter.resume(returning: connection)
        case .close(let connection): await close(connection)
        }
    }

    private func waitInLine(for deadline: Duration) async throws -> PooledConnection {
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
        let taking = lending.withLock { state in
            let taking = state.ledger.take()
            if case .wait = taking { state.ledger.enqueue(waiter, as: id) }
            return taking
        }
        switch taking {
        case .take(let connection): waiter.resume(returning: connection)
        case .make:
            waiter.resume(returning: PooledConnection(configuration, health: health, logger: logger))
        case .closed: waiter.resume(throwing: Self.closed)
        case .wait: break
        }
    }

    private func refuse(_ id: UInt64, after deadline: Duration) async {
        do { try await Task.sleep(for: deadline) } catch { return }
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
