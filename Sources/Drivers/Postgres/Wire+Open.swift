internal import CLibPQ
import Glibc
import Logging

extension Wire {
    /// Connects to one address.
    ///
    /// - Parameters:
    ///   - parameters: libpq's; those that name several hosts share the time.
    ///   - limit: when the caller gives up, besides the configuration's time for connecting.
    /// - Throws: ``PostgresError`` with code `timeout` at `limit`, with code `connection` for everything else.
    static func open(
        _ parameters: [String: String], of configuration: PostgresConfiguration,
        until limit: ContinuousClock.Instant?, logger: Logger
    ) throws(PostgresError) -> Wire {
        guard let handle = start(parameters) else {
            throw PostgresError(.connection, "no memory for a connection")
        }
        let wire = Wire(handle: handle, notices: NoticeSink(logger: logger), configuration: configuration)
        wire.notices.listen(to: handle)
        // Only so do libpq's words, which are all there is of a refusal, hold the SQLSTATE.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        try wire.shakeHands(within: configuration.connectTimeout, until: limit)
        guard PQsetnonblocking(handle, 1) == 0 else { throw wire.failure(nil) }
        return wire
    }

    /// libpq, "Database Connection Control Functions", PQconnectPoll.
    private func shakeHands(within time: Duration?, until limit: ContinuousClock.Instant?) throws(PostgresError) {
        let deadline = [time.map { ContinuousClock.now + $0 }, limit].compactMap(\.self).min()
        var step = PGRES_POLLING_WRITING
        var stage = CONNECTION_STARTED
        while step != PGRES_POLLING_OK {
            guard step != PGRES_POLLING_FAILED, PQstatus(handle) != CONNECTION_BAD else { throw refusal(at: stage) }
            let events = Int32(step == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            guard SocketWait.wait(for: socket, events, until: deadline) else {
                throw late(isLimit: limit.map { $0 <= .now } ?? false)
            }
            stage = PQstatus(handle)
            step = PQconnectPoll(handle)
        }
    }

    private func late(isLimit: Bool) -> PostgresError {
        var error = PostgresError(isLimit ? .timeout : .connection, "the server did not take the connection in time")
        error.server = server
        error.isConnectionLost = true
        return error
    }

    private static func start(_ parameters: [String: String]) -> OpaquePointer? {
        let ordered = parameters.sorted { $0.key < $1.key }
        return withPointers(ordered.map { Array($0.key.utf8CString) }) { keywords in
            withPointers(ordered.map { Array($0.value.utf8CString) }) { values in
                PQconnectStartParams(keywords, values, 0)
            }
        }
    }

    /// Calls `body` with a null-terminated list of C strings.
    private static func withPointers<R>(_ texts: [[CChar]], _ body: ([UnsafePointer<CChar>?]) -> R)
        -> R
    {
        let flat = Array(texts.joined())
        return flat.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for text in texts {
                pointers.append(bytes.baseAddress! + offset)
                offset += text.count
            }
            return body(pointers + [nil])
        }
    }
}
