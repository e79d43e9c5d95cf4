public import Model
public import Postgres

/// When journeys on a schedule are sent next: a row for each that takes entries, written when it is applied and moved on by
/// schedulers.
public enum Schedules {
    /// A version that takes entries, with the time that it is sent next; nil: never again.
    public struct Plan: Sendable, Hashable {
        public var journey: String
        public var version: Int32
        /// As the clocks show it that it goes by: `2026-03-02T09:00`.
        public var occurrence: String?
        /// When that begins.
        public var at: Timestamp?

        public init(journey: String, version: Int32, occurrence: String?, at: Timestamp?) {
            self.journey = journey
            self.version = version
            self.occurrence = occurrence
            self.at = at
        }
    }

    /// A version whose time has come.
    public struct Due: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var version: Int32
        /// The revision that holds it.
        public var revision: Int32
        public var journey: String
        public var occurrence: String
    }

    /// When the journeys of a workspace that take entries are sent next; those that never are again are left out.
    public static func next(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [String: (occurrence: String, at: Timestamp)] {
        let rows = try session.query(
            """
            select s.journey, s.next_occurrence, s.next_at
            from schedules s join journeys j on j.workspace_id = s.workspace_id and j.journey = s.journey
                and j.live_version = s.version
            where s.workspace_id = \(workspace) and s.next_at is not null
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (journey, occurrence, at) = try row.decode((String.self, String.self, Timestamp.self))
                return (journey, (occurrence, at))
            })
    }

    /// Makes `plans` all that a workspace has on a schedule, in the transaction that makes their versions live, and before
    /// that. What was under way of journeys that took no entries does not go on.
    public static func publish(
        _ plans: [Plan], in workspace: WorkspaceID, now: Timestamp, session: PostgresSession
    ) throws {
        try session.execute(
            "delete from schedules where workspace_id = \(workspace) and journey <> all(\(plans.map(\.journey)))")
        try session.execute(
            """
            update broadcasts b set state = 'stopped', ended_at = \(now), last_contact = null, next_at = null
            where b.workspace_id = \(workspace) and b.state = 'walking'
                and (b.journey <> all(\(plans.map(\.journey))) or exists (
                    select from journeys j
                    where j.workspace_id = b.workspace_id and j.journey = b.journey and j.live_version is null))
            """)
        guard !plans.isEmpty else { return }
        try session.execute(
            """
            insert into schedules (workspace_id, journey, version, next_occurrence, next_at)
            select \(workspace), u.journey, u.version, u.occurrence, u.at
            from unnest(
                \(plans.map(\.journey)), \(plans.map(\.version)), \(plans.map(\.occurrence)), \(plans.map(\.at))
            ) as u (journey, version, occurrence, at)
            on conflict (workspace_id, journey) do update set version = excluded.version,
                next_occurrence = excluded.next_occurrence, next_at = excluded.next_at
            """)
    }

    /// How long a broadcast waits for contacts whom time alone may have brought into its segment, or out of it.
    private static let patience = Span.minutes(1)

    /// Journeys whose time has come. Those that are paused wait until they go on; and all of a workspace until its newest
    /// definitions have reached everybody, so that its segments are right.
    public static func due(at now: Timestamp, limit: Int32, in session: PostgresSession) throws -> [Due] {
        try session.query(
            """
            select s.workspace_id, s.version, v.revision, s.journey, s.next_occurrence
            from schedules s
            join journeys j on j.workspace_id = s.workspace_id and j.journey = s.journey
                and j.live_version = s.version and j.paused_at is null
            join journey_versions v on v.workspace_id = s.workspace_id and v.journey = s.journey and v.version = s.version
            where s.next_at <= \(now)
                and not exists (
                    select from workspaces w left join backfills b on b.workspace_id = w.workspace_id
                    where w.workspace_id = s.workspace_id
                        and (w.revision > coalesce(b.revision, 0)
                                and exists (select from contacts c where c.workspace_id = w.workspace_id)
                            or b.workspace_id is not null and b.ended_at is null))
                and (s.next_at < \(now - patience) or not exists (
                    select from wakes k where k.due_at <= \(now) and k.workspace_id = s.workspace_id))
            order by s.next_at, s.workspace_id, s.journey limit \(limit)
            """
        ).map { row in
            let (workspace, version, revision, journey, occurrence) = try row.decode(
                (WorkspaceID.self, Int32.self, Int32.self, String.self, String.self))
            return Due(
                workspace: workspace, version: version, revision: revision, journey: journey, occurrence: occurrence)
        }
    }

    /// Moves a schedule on from a time that has come.
    ///
    /// - Returns: false where another scheduler was first, or another version is live by now.
    public static func pass(
        _ due: Due, next: (occurrence: String, at: Timestamp)?, in session: PostgresSession
    ) throws -> Bool {
        try session.execute(
            """
            update schedules set next_occurrence = \(next?.occurrence), next_at = \(next?.at)
            where workspace_id = \(due.workspace) and journey = \(due.journey) and version = \(due.version)
                and next_occurrence = \(due.occurrence)
            """) == 1
    }
}
