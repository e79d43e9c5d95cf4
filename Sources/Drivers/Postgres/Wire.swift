internal import CLibPQ
import Glibc

/// One libpq connection, used by one thread at a time.
///
/// libpq is used in its non-blocking form with our own poll(2), because only so a server that accepts but stays silent
/// (a stopped process, a hung disk) can be given up.
final class Wire {
    let handle: OpaquePointer
    let notices: NoticeSink
    var statements: StatementCache
    /// How long the server may be silent; nil is for ever.
    var patience: Duration?
    private(set) var isAbandoned = false
    // Kept for their storage.
    var scratchPointers: [UnsafePointer<CChar>?] = []
    var scratchFormats: [Int32] = []

    init(handle: OpaquePointer, notices: NoticeSink, statements: StatementCache) {
        self.handle = handle
        self.notices = notices
        self.statements = statements
    }

    deinit {
        PQfinish(handle)
    }

    var isBroken: Bool { isAbandoned || PQstatus(handle) != CONNECTION_OK }

    var transaction: PGTransactionStatusType { PQtransactionStatus(handle) }

    var socket: Int32 { PQsocket(handle) }

    /// Takes in what the server says between statements; false if it has gone or is about to.
    func isAlive() -> Bool {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while !isBroken, poll(&look, 1, 0) > 0 {
            if PQconsumeInput(handle) == 0 { return false }
            // Parses what came: outside of a statement, an error reaches the notice receiver.
            _ = PQisBusy(handle)
            if notices.saysGoodbye { return false }
        }
        return !isBroken
    }

    /// Never uses the connection again, and does not wait for it.
    func abandon() {
        isAbandoned = true
        shutdown(socket, Int32(SHUT_RDWR))
    }

    // MARK: Exchanges

    /// Sends something and returns the last result of what it leads to.
    func exchange(_ send: () -> Int32) throws(PostgresError) -> ResultMemory {
        let results = try exchangeAll(send)
        guard let last = results.last else { throw failure(nil) }
        return last
    }

    /// Sends something and collects its results; throws the first error among them once all have come.
    private func exchangeAll(_ send: () -> Int32) throws(PostgresError) -> [ResultMemory] {
        guard !isAbandoned else { throw lost("the connection was given up") }
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
        let deadline = patience.map { ContinuousClock.now + $0 }
        var unsent = PQflush(handle)
        while unsent >= 0, unsent > 0 || PQisBusy(handle) != 0 {
            try waitForSocket(writable: unsent > 0, until: deadline)
            if PQconsumeInput(handle) == 0 { return }
            unsent = PQflush(handle)
        }
    }

    /// Sends what libpq holds back.
    func flush() throws(PostgresError) {
        let deadline = patience.map { ContinuousClock.now + $0 }
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
        var descriptor = pollfd(
            fd: socket, events: Int16(writable ? POLLIN | POLLOUT : POLLIN), revents: 0)
        while true {
            let left = deadline.map { ($0 - .now).wholeMilliseconds }
            if let left, left <= 0 {
                abandon()
                var error = PostgresError(.timeout, "the server stayed silent for too long")
                error.isConnectionLost = true
                throw error
            }
            let ready = poll(&descriptor, 1, Int32(clamping: left ?? -1))
            // Interrupted by a signal or out of time: the loop tells which.
            if ready > 0 || (ready < 0 && errno != EINTR) { return }
        }
    }

    // MARK: Simple statements of the driver's own

    func run(_ sql: String) throws(PostgresError) -> ResultMemory {
        try exchange { PQsendQuery(handle, sql) }
    }

    func runScript(_ sql: String) throws(PostgresError) {
        _ = try exchangeAll { PQsendQuery(handle, sql) }
    }
}
