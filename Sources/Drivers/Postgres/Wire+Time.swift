internal import CLibPQ

extension Wire {
    /// Begins a use of the connection with a statement of the driver's own; nothing was asked before it.
    ///
    /// - Parameter sql: is given the setting that the server must be told, if any.
    func begin(_ budget: TimeBudget, _ sql: (_ setting: String?) -> String) throws(PostgresError) {
        self.budget = budget
        let now = ContinuousClock.now
        let timeout = budget.serverTimeout(at: now)
        let first = sql(budget.isSpecial ? Self.setting(timeout) : nil)
        let isTime = now >= plansEnd
        try tell(isTime ? "\(first); discard plans" : first)
        serverTimeout = timeout
        if isTime { plansEnd = now + planLifetime }
    }

    /// Lets a statement of the caller's begin: not when the whole use is ending, and not with more of the server's time
    /// than is left of it.
    func admitStatement() throws(PostgresError) {
        let now = ContinuousClock.now
        if budget.isEnding(at: now) { throw Self.outOfTime }
        guard budget.outlasts(serverTimeout, at: now) else { return }
        // After an error the server takes nothing but the end of the transaction or of a savepoint.
        guard transaction == PQTRANS_IDLE || transaction == PQTRANS_INTRANS else { return }
        let timeout = budget.serverTimeout(at: now)
        try tell("\(transaction == PQTRANS_IDLE ? "set" : "set local") \(Self.setting(timeout))")
        serverTimeout = timeout
    }

    /// Ends a use outside of a transaction for which the server was told a time-out.
    func resetTimeout() {
        let rollback = transaction == PQTRANS_IDLE ? "" : "rollback; "
        do { _ = try run(rollback + "reset statement_timeout") } catch { isRetired = true }
    }

    static var outOfTime: PostgresError {
        PostgresError(.timeout, "the time for this use of the database is over")
    }

    /// Runs what changes nothing, whether or not it is answered.
    private func tell(_ sql: String) throws(PostgresError) {
        do throws(PostgresError) {
            _ = try run(sql)
        } catch {
            var error = error
            error.isUnknownOutcome = false
            throw error
        }
    }

    private static func setting(_ timeout: Duration) -> String {
        "statement_timeout = \(timeout.wholeMilliseconds)"
    }
}
