public import Postgres

extension PostgresSession {
    /// Returns once somebody waits for a lock in this database; the transaction stays open meanwhile.
    ///
    /// - Throws: when nobody does within a minute.
    public func waitForWaiter() throws {
        try wait("somebody waits for a lock") {
            try execute("select pg_stat_clear_snapshot()")
            let waiting = try query(
                "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
            return !waiting.isEmpty
        }
    }

    /// Returns once `condition` holds; the transaction stays open meanwhile.
    ///
    /// - Throws: when it does not within a minute.
    public func wait(_ what: String, until condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !condition() {
            guard ContinuousClock.now < deadline else { throw TestSupportError("not within a minute: \(what)") }
            try execute("select pg_sleep(0.002)")
        }
    }
}
