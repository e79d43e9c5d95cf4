extension PooledConnection {
    func transact<R: Sendable>(
        _ budget: TimeBudget, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        let wire = try begun(budget) { setting in
            "begin isolation level read committed" + (setting.map { "; set local \($0)" } ?? "")
        }
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

    func lend<R: Sendable>(
        _ budget: TimeBudget, _ body: @Sendable (PostgresSession) throws -> R
    ) throws -> R {
        let wire: Wire
        if budget.isSpecial {
            wire = try begun(budget) { setting in "set \(setting ?? "statement_timeout to default")" }
        } else {
            wire = try liveWire(until: nil)
            wire.budget = budget
        }
        defer { if budget.isSpecial { wire.resetTimeout() } }
        let session = PostgresSession(wire)
        defer { session.end() }
        return try body(session)
    }

    /// A connection that has run the first statement of the driver's own.
    private func begun(
        _ budget: TimeBudget, _ sql: (_ setting: String?) -> String
    ) throws(PostgresError) -> Wire {
        let wire = try liveWire(until: budget.limit)
        do throws(PostgresError) {
            try wire.begin(budget, sql)
            return wire
        } catch {
            guard error.isConnectionLost, error.code != .timeout else { throw error }
        }
        // Nothing was asked of it yet: a connection that died unnoticed may be replaced.
        drop()
        let another = try liveWire(until: budget.limit)
        try another.begin(budget, sql)
        return another
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
}
