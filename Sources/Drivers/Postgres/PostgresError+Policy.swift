extension PostgresError {
    /// The SQLSTATE, where the server gave one.
    public var sqlState: String? {
        if case .server(let sqlState) = code { sqlState } else { nil }
    }

    /// Whether doing the same again later may work: nothing is wrong with what was asked.
    ///
    /// Look at ``isUnknownOutcome`` first where the effect carries no unique key.
    public var isTransient: Bool {
        switch code {
        case .connection, .timeout, .cancelled: true
        case .decoding, .usage: false
        case .server(let sqlState): Self.isTransient(sqlState)
        }
    }

    /// Whether two transactions were in each other's way: a deadlock or a serialisation failure. Repeat at once.
    public var isSerializationConflict: Bool {
        sqlState == "40001" || sqlState == "40P01"
    }

    /// Whether a row with the same unique key exists already.
    public var isUniqueViolation: Bool { sqlState == "23505" }

    /// PostgreSQL manual, appendix A: lost connections, conflicts, fail-over and overload.
    private static func isTransient(_ sqlState: String) -> Bool {
        switch sqlState {
        case "40001", "40P01", "55P03": true  // serialisation, deadlock, lock time-out
        case "57014": true  // statement time-out
        case "57P01", "57P02", "57P03", "57P05": true  // shutting down, crashed, starting, idle
        case "25006": true  // read-only: an old primary
        case "58030": true  // input or output error
        default: sqlState.hasPrefix("08") || sqlState.hasPrefix("53")  // connection; resources
        }
    }
}
