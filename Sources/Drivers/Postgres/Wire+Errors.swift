internal import CLibPQ

extension Wire {
    /// The error that a result carries, or that libpq has for the connection.
    func failure(_ result: ResultMemory?) -> PostgresError {
        guard let result, let sqlState = result.diagnostic("C") else {
            return lost(libraryMessage(of: result))
        }
        var error = PostgresError(.server(sqlState: sqlState), result.diagnostic("M") ?? "no message")
        error.table = result.diagnostic("t")
        error.column = result.diagnostic("c")
        error.constraint = result.diagnostic("n")
        let details = ["D", "H", "W"].compactMap { result.diagnostic($0) }
        error.detail = details.isEmpty ? nil : details.joined(separator: "; ")
        error.isConnectionLost = isBroken || Self.saysGoodbye(sqlState)
        return error
    }

    /// An error that is not the server's: the connection has gone, or libpq refuses what it was given.
    func lost(_ message: String) -> PostgresError {
        var error = PostgresError(isBroken ? .connection : .usage, message)
        error.isConnectionLost = isBroken
        return error
    }

    /// The server is ending this connection: administrator, crash, shutdown, idle limit.
    static func saysGoodbye(_ sqlState: String) -> Bool {
        sqlState.hasPrefix("57P0") || sqlState.hasPrefix("08") || sqlState == "25P03"
    }

    private func libraryMessage(of result: ResultMemory?) -> String {
        let text = result.flatMap { PQresultErrorMessage($0.pointer) } ?? PQerrorMessage(handle)
        let words = text.map { String(cString: $0) } ?? ""
        let line = words.split(separator: "\n").joined(separator: "; ")
        return line.isEmpty ? "the connection was lost" : line
    }
}
