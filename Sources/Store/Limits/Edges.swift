public import Model
public import Postgres

/// The ingest processes that live: limits that have no account in the store are shared out evenly between them.
public enum Edges {
    /// One that has not been seen for so long counts no more.
    public static let silence = Span.seconds(15)

    /// Marks a process as alive, and forgets those that are not.
    ///
    /// - Returns: how many live, this one included.
    public static func attend(
        _ edge: UniqueID, machineNow: Timestamp, in session: PostgresSession
    ) throws -> Int {
        try session.execute(
            """
            insert into edges (edge_id, seen_at) values (\(edge), \(machineNow))
            on conflict (edge_id) do update set seen_at = excluded.seen_at
            """)
        // Skips what others delete at this moment: nobody waits for anybody.
        try session.execute(
            """
            delete from edges where edge_id in (
                select edge_id from edges where seen_at < \(machineNow - silence) for update skip locked)
            """)
        return Int(try session.query("select count(*) from edges")[0][0, as: Int64.self])
    }

    /// Takes a process out that ends.
    public static func leave(_ edge: UniqueID, in session: PostgresSession) throws {
        try session.execute("delete from edges where edge_id = \(edge)")
    }
}
