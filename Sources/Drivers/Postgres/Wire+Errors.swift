internal import CLibPQ

extension Wire {
    /// The error that a result carries, or that libpq has for the connection.
    func failure(_ result: ResultMemory?) -> PostgresError {
        guard let result, let sqlState = result.diagnostic("C") else {
            return lost("the connection was lost", result)
        }
        var error = PostgresError(.server(sqlState: sqlState), result.diagnostic("M") ?? "no message")
        error.table = result.diagnostic("t")
        error.column = result.diagnostic("c")
        error.constraint = result.diagnostic("n")
        let details = ["D", "H", "W"].compactMap { result.diagnostic($0) }
        error.detail = details.isEmpty ? nil : details.joined(separator: "; ")
        error.isConnectionLost = isBroken || Self.saysGoodbye(sqlState, severity: result.diagnostic("V"))
        error.isStaleStatement = Self.isStale(sqlState, result)
        // Read-only: after a fail-over the old primary is a standby, and the address may lead elsewhere by now.
        if sqlState == "25006" { isRetired = true }
        return error
    }

    /// An error that is not the server's: the connection has gone, or libpq refuses what it was given.
    func lost(_ message: String, _ result: ResultMemory? = nil) -> PostgresError {
        guard isBroken else {
            var error = PostgresError(.usage, "libpq refuses what it was given")
            error.detail = libraryWords(of: result)
            return error
        }
        var error = PostgresError(.connection, message)
        error.detail = libraryWords(of: result)
        error.server = server
        error.isConnectionLost = true
        return error
    }

    /// The server is ending this connection: administrator, crash, shutdown, a time-out of its own.
    static func saysGoodbye(_ sqlState: String, severity: String?) -> Bool {
        switch severity {
        case "FATAL", "PANIC": true
        default:
            sqlState.hasPrefix("57P0") || sqlState.hasPrefix("08") || sqlState == "25P03" || sqlState == "25P04"
        }
    }

    /// A table has changed under a prepared statement ("cached plan must not change result type"; 0A000 has other
    /// meanings too, and the text is the server's language), or somebody has dropped it. Neither was executed.
    private static func isStale(_ sqlState: String, _ result: ResultMemory) -> Bool {
        switch sqlState {
        case "26000": true
        case "0A000":
            result.diagnostic("R") == "RevalidateCachedQuery"
                || result.diagnostic("M") == "cached plan must not change result type"
        default: false
        }
    }

    /// libpq's own words; may name addresses, the user and the database.
    func libraryWords(of result: ResultMemory? = nil) -> String? {
        let text = result.flatMap { PQresultErrorMessage($0.pointer) } ?? PQerrorMessage(handle)
        let words = text.map { String(cString: $0) } ?? ""
        let line = words.split(separator: "\n").joined(separator: "; ")
        return line.isEmpty ? nil : line
    }
}
