public import Postgres

/// One state of the store for all statements of a transaction: what others commit meanwhile is not seen.
public enum Snapshot {
    /// To be the first statement of the transaction, which may only read.
    public static func take(in session: PostgresSession) throws {
        try session.execute("set transaction isolation level repeatable read, read only")
    }
}
