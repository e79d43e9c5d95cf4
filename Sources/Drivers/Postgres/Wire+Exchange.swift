internal import CLibPQ
import Glibc

extension Wire {
    /// Sends something and returns the last result of what it leads to.
    func exchange(_ send: () -> Int32) throws(PostgresError) -> ResultMemory {
        let results = try exchangeAll(send)
        guard let last = results.last else { throw failure(nil) }
        return last
    }

    /// Sends something and collects its results; throws the first error among them once all have come.
    private func exchangeAll(_ send: () -> Int32) throws(PostgresError) -> [ResultMemory] {
        guard !isAbandoned else { throw lost("the connection was given up") }
        if budget.isSpent(at: .now) { throw Self.outOfTime }
        let isAutocommit = transaction == PQTRANS_IDLE
        guard send() == 1 else { throw failure(nil) }
        do throws(PostgresError) {
            return try collect()
        } catch {
            var error = error
            if error.isConnectionLost { error.isUnknownOutcome = isAutocommit }
            throw error
        }
    }

    private func collect() throws(PostgresError) -> [ResultMemory] {
        var results: [ResultMemory] = []
        var first: PostgresError?
        while let result = try nextResult() {
            switch PQresultStatus(result.pointer) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                results.append(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                abandon()
                throw PostgresError(.usage, "COPY is available only as copy(into:)")
            default:
                first = first ?? failure(result)
            }
        }
        if let first { throw first }
        return results
    }

    /// The next result of the statement under way, nil once it is complete.
    func nextResult() throws(PostgresError) -> ResultMemory? {
        try waitForInput()
        return PQgetResult(handle).map(ResultMemory.init)
    }

    /// Waits until `PQgetResult` does not block. A lost connection is its to report.
    private func waitForInput() throws(PostgresError) {
        let deadline = budget.givesUp(at: .now)
        var unsent = PQflush(handle)
        while unsent >= 0, unsent > 0 || PQisBusy(handle) != 0 {
            try waitForSocket(writable: unsent > 0, until: deadline)
            if PQconsumeInput(handle) == 0 { return }
            unsent = PQflush(handle)
        }
    }

    /// Sends what libpq holds back.
    func flush() throws(PostgresError) {
        let deadline = budget.givesUp(at: .now)
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1: try waitForSocket(writable: true, until: deadline)
            default: throw failure(nil)
            }
            if PQconsumeInput(handle) == 0 { throw failure(nil) }
        }
    }

    private func waitForSocket(writable: Bool, until deadline: ContinuousClock.Instant?)
        throws(PostgresError)
    {
        let events = Int32(writable ? POLLIN | POLLOUT : POLLIN)
        health?.noteWait(ObjectIdentifier(self))
        defer { health?.noteAnswer(ObjectIdentifier(self)) }
        if SocketWait.wait(for: socket, events, until: deadline) { return }
        abandon()
        var error = PostgresError(.timeout, "the server stayed silent for too long")
        error.server = server
        error.isConnectionLost = true
        throw error
    }

    // MARK: Simple statements of the driver's own

    func run(_ sql: String) throws(PostgresError) -> ResultMemory {
        try exchange { PQsendQuery(handle, sql) }
    }

    /// Runs a script of the caller's.
    func runScript(_ sql: String) throws(PostgresError) {
        try admitStatement()
        _ = try exchangeAll { PQsendQuery(handle, sql) }
    }
}
