extension PostgresError {
    /// The SQLSTATE, where the server gave one: for a statement, or for refusing the connection.
    public var sqlState: String? {
        if case .server(let sqlState) = code { sqlState } else { refusal }
    }

    /// Whether doing the same again later may work: nothing is wrong with what was asked.
    ///
    /// Look at ``isUnknownOutcome`` first where the effect carries no unique key.
    public var isTransient: Bool {
        if isConnectionLost || isWorthRepeating { return true }
        return switch code {
        case .connection, .timeout, .cancelled: true
        case .decoding, .usage: false
        case .server(let sqlState): Self.isTransient(sqlState)
        }
    }

    /// Whether the same transaction, begun again at once, is likely to work: it met another one, or a change of a table
    /// under a statement that was prepared earlier.
    public var isWorthRepeating: Bool { isSerializationConflict || isStaleStatement }

    /// Whether two transactions were in each other's way: a deadlock or a serialisation failure. Repeat at once.
    public var isSerializationConflict: Bool {
        sqlState == "40001" || sqlState == "40P01"
    }

    /// Whether a row with the same unique key exists already.
    public var isUniqueViolation: Bool { sqlState == "23505" }

    /// Whether the installation is at fault: its schema, its rights, or the address and credentials it was given. It is
    /// nobody's data, so nothing that was to be stored should be set aside for it: the same works once an operator has
    /// mended it.
    ///
    /// A connection that is refused for such a reason is also ``isTransient``, as everything about connections is.
    public var concernsInstallation: Bool {
        switch code {
        case .server(let sqlState): Self.concernsInstallation(sqlState)
        case .connection: refusal.map(Self.concernsInstallation) ?? false
        case .timeout, .cancelled, .decoding, .usage: false
        }
    }

    /// PostgreSQL manual, appendix A: lost connections, conflicts, fail-over and overload.
    private static func isTransient(_ sqlState: String) -> Bool {
        switch sqlState {
        case "40001", "40P01", "55P03": true  // serialisation, deadlock, lock time-out
        case "57014": true  // statement time-out
        case "57P01", "57P02", "57P03", "57P04", "57P05": true  // shutting down, crashed, starting, dropped, idle
        case "25P03", "25P04": true  // a transaction that was idle, or took, too long
        case "25006": true  // read-only: an old primary
        case "58030": true  // input or output error
        default: sqlState.hasPrefix("08") || sqlState.hasPrefix("53")  // connection; resources
        }
    }

    /// PostgreSQL manual, appendix A, by class.
    private static func concernsInstallation(_ sqlState: String) -> Bool {
        switch sqlState.prefix(2) {
        case "28": true  // user or password
        case "3D", "3F": true  // no such database; no such schema
        // No such table, column or function; rights; definitions that do not fit each other. A statement's text is the
        // program's own, so even a syntax error is never the data's.
        case "42": true
        default: false
        }
    }
}
