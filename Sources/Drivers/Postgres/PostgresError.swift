/// Why something did not work with PostgreSQL.
///
/// `description` may be logged. What the server says about values (its DETAIL, and the message of a data exception)
/// appears only in `debugDescription`.
public struct PostgresError: Error, Sendable {
    /// What kind of failure it is.
    public enum Code: Sendable, Hashable {
        /// The server cannot be reached, or the connection was lost.
        case connection
        /// No connection became free before the deadline, or the server stayed silent for too long.
        case timeout
        /// The task was cancelled, or the pool closed, before anything was begun.
        case cancelled
        /// A value is not of the type that was asked for.
        case decoding
        /// The server refused a statement; the SQLSTATE (PostgreSQL manual, appendix A).
        case server(sqlState: String)
        /// The driver was used wrongly: settings, a broken transaction that was to be committed.
        case usage
    }

    public var code: Code
    /// A sentence in plain words, or the server's own primary message.
    public var message: String
    /// The table that the server names, if any.
    public var table: String?
    /// The column that the server names, if any.
    public var column: String?
    /// The constraint that the server names, if any.
    public var constraint: String?
    /// The server's DETAIL, HINT and CONTEXT; may contain values of rows.
    public var detail: String?
    /// Whether the connection is gone; it is never used again.
    public var isConnectionLost = false
    /// Whether the statement may have taken effect: the reply to a COMMIT, or to a statement outside of a transaction,
    /// was lost. Look for the effect by its unique key before doing it again.
    public var isUnknownOutcome = false
    /// Where the driver was called.
    public var file: StaticString
    public var line: UInt

    /// Makes an error; for types of other modules that conform to ``PostgresDecodable``, and for tests.
    public init(_ code: Code, _ message: String, file: StaticString = #fileID, line: UInt = #line) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    /// A value that does not fit.
    public static func decoding(
        _ message: String, file: StaticString = #fileID, line: UInt = #line
    ) -> PostgresError {
        PostgresError(.decoding, message, file: file, line: line)
    }

    func located(_ file: StaticString, _ line: UInt) -> PostgresError {
        var copy = self
        copy.file = file
        copy.line = line
        return copy
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        var text = "PostgreSQL \(codeName): \(carriesValues ? "a value was refused" : message)"
        if let constraint { text += " (constraint \(constraint))" }
        if let table { text += " (table \(table))" }
        if let column { text += " (column \(column))" }
        if isUnknownOutcome { text += " (outcome unknown)" }
        return text + " at \(file):\(line)"
    }

    public var debugDescription: String {
        description + (carriesValues ? "; \(message)" : "") + (detail.map { "; \($0)" } ?? "")
    }

    private var codeName: String {
        switch code {
        case .connection: "connection"
        case .timeout: "timeout"
        case .cancelled: "cancelled"
        case .decoding: "decoding"
        case .server(let sqlState): "error \(sqlState)"
        case .usage: "usage"
        }
    }

    /// Class 22, data exceptions, quote the value in the primary message.
    private var carriesValues: Bool { sqlState?.hasPrefix("22") ?? false }
}
