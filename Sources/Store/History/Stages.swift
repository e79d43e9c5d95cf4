public import Model
public import Postgres

/// When contacts reached their stages: append-only, one row a move.
public enum Stages {
    public typealias Reached = StageReached

    public static func append(_ rows: [Reached], now: Timestamp, in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        try session.execute(
            """
            insert into stages (workspace_id, contact_id, stage, previous, at, event_id, decided_at)
            select u.w, u.contact, u.stage, u.previous, u.at, u.event_id, \(now)
            from unnest(
                \(rows.map(\.contact.workspace)), \(rows.map(\.contact.contact)), \(rows.map(\.stage)),
                \(rows.map(\.previous)), \(rows.map(\.at)), \(rows.map(\.eventID))
            ) with ordinality as u (w, contact, stage, previous, at, event_id, place)
            order by u.place
            """)
    }
}
