public import Model
public import Postgres

/// How a mailer learns that the withdrawals recorded before its barrier have been applied.
public enum Barriers {
    /// Notes that barriers have come through the queue of withdrawals; in the transaction that applies what stood before
    /// them, or after it. Forgets those whose mailers no longer ask.
    public static func pass(_ barriers: [UniqueID], machineNow: Timestamp, in session: PostgresSession) throws {
        guard !barriers.isEmpty else { return }
        try session.execute("delete from barriers where passed_at < \(machineNow - .hours(1))")
        try session.execute(
            """
            insert into barriers (barrier_id, passed_at)
            select id, \(machineNow) from unnest(\(barriers.sorted())) as u (id) on conflict do nothing
            """)
    }

    /// Whether one of these barriers has come through; those that have are forgotten thereby.
    public static func take(_ barriers: [UniqueID], in session: PostgresSession) throws -> Bool {
        try session.execute("delete from barriers where barrier_id = any(\(barriers))") > 0
    }
}
