public import Model
public import Postgres

/// Broadcasts as people ask for them.
public enum BroadcastDirectory {
    /// The last ones, newest first; of one workspace, or with nil of all.
    public static func recent(
        of workspace: WorkspaceID? = nil, journey: String? = nil, limit: Int32, in session: PostgresSession
    ) throws -> [Broadcasts.Standing] {
        try session.query(
            """
            select \(unescaped: Broadcasts.columns) from broadcasts b
            where (\(workspace)::integer is null or b.workspace_id = \(workspace))
                and (\(journey)::text is null or b.journey = \(journey))
            order by b.due_at desc, b.workspace_id, b.journey limit \(limit)
            """
        ).map { try Broadcasts.Standing(row: $0) }
    }

    /// How long ago the oldest of those broadcasts was due that nothing but schedulers keeps from going on; nil: there is none.
    public static func lag(at now: Timestamp, in session: PostgresSession) throws -> Span? {
        try session.query(
            """
            select least(
                (select min(b.next_at) from broadcasts b
                    join journeys j on j.workspace_id = b.workspace_id and j.journey = b.journey
                    where b.state = 'walking' and b.next_at <= \(now) and j.paused_at is null),
                (select min(s.next_at) from schedules s
                    join journeys j on j.workspace_id = s.workspace_id and j.journey = s.journey
                        and j.live_version = s.version
                    where s.next_at <= \(now) and j.paused_at is null))
            """
        )[0][0, as: Timestamp?.self].map { now - $0 }
    }

    /// How many members a segment has now.
    public static func members(
        of segment: String, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            "select count(*) from segment_members where workspace_id = \(workspace) and segment = \(segment)")[0][
                0, as: Int64.self]
    }
}
