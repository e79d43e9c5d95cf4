/// Why something did not work with PostgreSQL.
///
/// `description` may be logged. What the server says about values (its DETAIL, and the message of a data exception) and
/// what libpq says about connections (it names the user, the database and addresses) appear only in `debugDescription`.
public struct PostgresError: Error, Sendable {
    /// What kind of failure it is.
    public enum Code: Sendable, Hashable {
        /// The server cannot be reached, or the connection was lost.
        case connection
        /// No connection became free before the deadline, the server stayed silent for too long, or the time for the
        /// whole use was over.
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
    /// A constant sentence, or the server's own primary message.
    public var message: String
    /// Where the server is, as configured: `db:5432`; only for errors of the connection.
    public var server: String?
    /// The table that the server names, if any.
    public var table: String?
    /// The column that the server names, if any.
    public var column: String?
    /// The constraint that the server names, if any.
    public var constraint: String?
    /// The server's DETAIL, HINT and CONTEXT, or libpq's own words; may contain values of rows, names and addresses.
    public var detail: String?
    /// Why the server refused the connection itself, for code `connection`.
    var refusal: String?
    /// Whether a prepared statement did not fit its table any more. The driver prepares it anew the next time, and outside
    /// of a transaction at once.
    public var isStaleStatement = false
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
        var text = "PostgreSQL \(codeName): \(summary)"
        if let constraint { text += " (constraint \(constraint))" }
        if let table { text += " (table \(table))" }
        if let column { text += " (column \(column))" }
        if isUnknownOutcome { text += " (outcome unknown)" }
        return text + " at \(file):\(line)"
    }

    public var debugDescription: String {
        description + (substitute == nil ? "" : "; \(message)") + (detail.map { "; \($0)" } ?? "")
    }

    /// What happened, without where in the code.
    var summary: String {
        var text = substitute ?? message
        if let refusal { text += " (SQLSTATE \(refusal))" }
        if let server { text += " (server \(server))" }
        return text
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

    /// What to log instead of a primary message that quotes a value, or the user and the database.
    private var substitute: String? {
        guard case .server(let sqlState) = code else { return nil }
        return switch sqlState.prefix(2) {
        case "22": "a value was refused"
        case "28", "3D": "the user or the database was refused"
        default: nil
        }
    }
}
