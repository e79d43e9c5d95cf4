internal import CLibPQ
import Glibc

/// One libpq connection, used by one thread at a time.
///
/// libpq is used in its non-blocking form with our own poll(2), because only so a server that accepts but stays silent
/// (a stopped process, a hung disk) can be given up.
final class Wire {
    let handle: OpaquePointer
    let notices: NoticeSink
    /// Host and port as configured, for errors.
    let server: String
    var statements: StatementCache
    /// How long the statements of the use at hand may take.
    var budget: TimeBudget
    /// The statement_timeout that the server has been told for the use at hand; nil if that is not known.
    var serverTimeout: Duration?
    let planLifetime: Duration
    /// When the server is next asked to plan the prepared statements anew.
    var plansEnd: ContinuousClock.Instant
    /// Whether a prepared statement turned out not to fit its tables any more: then none of them is trusted.
    var hasStaleStatements = false
    /// Whether to use another connection next time: this one works, but is not what we want.
    var isRetired = false
    private(set) var isAbandoned = false
    /// Told when it begins to wait for the server's answer; nil until the connection is open.
    var health: DatabaseHealth?
    // Kept for their storage.
    var scratchPointers: [UnsafePointer<CChar>?] = []
    var scratchFormats: [Int32] = []

    init(handle: OpaquePointer, notices: NoticeSink, configuration: PostgresConfiguration) {
        self.handle = handle
        self.notices = notices
        server = configuration.server
        statements = StatementCache(limit: configuration.statementCacheLimit)
        budget = TimeBudget(configuration)
        planLifetime = configuration.planLifetime
        plansEnd = .now + planLifetime
    }

    deinit {
        PQfinish(handle)
    }

    var isBroken: Bool { isAbandoned || PQstatus(handle) != CONNECTION_OK }

    /// Whether the next use may have it.
    var isReusable: Bool { !isBroken && !isRetired && transaction == PQTRANS_IDLE }

    var transaction: PGTransactionStatusType { PQtransactionStatus(handle) }

    var socket: Int32 { PQsocket(handle) }

    var address: (host: String, port: String) {
        (
            host: PQhost(handle).map { String(cString: $0) } ?? "",
            port: PQport(handle).map { String(cString: $0) } ?? ""
        )
    }

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

    /// Ends what a use has left open.
    func tidy() {
        if !isBroken, transaction == PQTRANS_INTRANS || transaction == PQTRANS_INERROR {
            _ = try? run("rollback")
        }
        if hasStaleStatements, isReusable { try? dropStatements() }
    }
}
