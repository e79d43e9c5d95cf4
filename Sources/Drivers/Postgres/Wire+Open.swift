internal import CLibPQ
import Logging

extension Wire {
    /// Connects; blocks the thread for at most libpq's `connect_timeout` per host.
    static func open(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError)
        -> Wire
    {
        guard let handle = connect(configuration.parameters) else {
            throw PostgresError(.connection, "no memory for a connection")
        }
        let notices = NoticeSink(logger: logger)
        let wire = Wire(
            handle: handle, notices: notices,
            statements: StatementCache(limit: configuration.statementCacheLimit))
        guard PQstatus(handle) == CONNECTION_OK, PQsetnonblocking(handle, 1) == 0 else {
            throw wire.failure(nil)
        }
        notices.listen(to: handle)
        return wire
    }

    var address: (host: String, port: String) {
        (
            host: PQhost(handle).map { String(cString: $0) } ?? "",
            port: PQport(handle).map { String(cString: $0) } ?? ""
        )
    }

    private static func connect(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { Array($0.keyword.utf8CString) }
        let values = parameters.map { Array($0.value.utf8CString) }
        return withPointers(keywords) { keywords in
            withPointers(values) { values in PQconnectdbParams(keywords, values, 0) }
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
