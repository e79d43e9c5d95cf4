public import Model
public import Postgres

/// What stands in the store of a workspace's journeys, counted for whoever is about to change them.
public enum JourneyCensus {
    /// Runs of one version that stand at one step.
    public struct Standing: Sendable, Hashable {
        public var journey: String
        public var version: Int32
        public var step: String
        /// The pass; above 1 only in what repeats.
        public var visit: Int32
        /// As the journey program names it.
        public var phase: String
        public var runs: Int64
        /// Those whose wait is over by the horizon.
        public var due: Int64
        /// Those that stand still since the journey is paused.
        public var held: Int64
    }

    /// The runs that have not ended, by where they stand.
    ///
    /// - Parameters:
    ///   - journey: the only one that is counted; nil counts all.
    ///   - horizon: until when waits are counted as over.
    public static func standings(
        of workspace: WorkspaceID, journey: String? = nil, horizon: Timestamp, in session: PostgresSession
    ) throws -> [Standing] {
        try session.query(
            """
            select journey, journey_version, coalesce(state ->> 'step', ''),
                coalesce((state ->> 'visit')::integer, 1), coalesce(state ->> 'phase', ''), count(*),
                count(*) filter (where (state ->> 'until')::bigint <= \(horizon.microseconds)),
                count(*) filter (where held_at is not null)
            from runs
            where workspace_id = \(workspace) and journey = coalesce(\(journey), journey) and ended_at is null
            group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
            """
        ).map { row in
            let (journey, version, step, visit, phase, runs, due, held) = try row.decode(
                (
                    String.self, Int32.self, String.self, Int32.self, String.self, Int64.self, Int64.self, Int64.self
                ))
            return Standing(
                journey: journey, version: version, step: step, visit: visit, phase: phase, runs: runs, due: due,
                held: held)
        }
    }

    /// How many of the runs that stand somewhere have nothing more to wait for there by an instant.
    public struct Question: Sendable, Hashable {
        public var standing: Standing
        public var by: Timestamp

        public init(_ standing: Standing, by instant: Timestamp) {
            self.standing = standing
            by = instant
        }
    }

    /// The answers, in the order of the questions. Runs of a paused journey stand still, and are not among them.
    public static func released(
        _ questions: [Question], of workspace: WorkspaceID, now: Timestamp, in session: PostgresSession
    ) throws -> [Int64] {
        var answers = [Int64](repeating: 0, count: questions.count)
        guard !questions.isEmpty else { return answers }
        let standings = questions.map(\.standing)
        let rows = try session.query(
            """
            select q.number, count(*)
            from unnest(
                \(standings.map(\.journey)), \(standings.map(\.version)), \(standings.map(\.step)),
                \(standings.map(\.visit)), \(standings.map(\.phase)), \(questions.map(\.by.microseconds))
            ) with ordinality as q (journey, journey_version, step, visit, phase, by_time, number)
            join runs r using (journey, journey_version)
            where r.workspace_id = \(workspace) and r.ended_at is null and r.held_at is null
                and coalesce(r.state ->> 'step', '') = q.step
                and coalesce((r.state ->> 'visit')::integer, 1) = q.visit
                and coalesce(r.state ->> 'phase', '') = q.phase
                and coalesce((r.state ->> 'until')::bigint, (r.state ->> 'opens')::bigint, \(now.microseconds))
                    <= q.by_time
            group by q.number
            """)
        for row in rows {
            let (number, count) = try row.decode((Int64.self, Int64.self))
            answers[Int(number) - 1] = count
        }
        return answers
    }

    /// How many runs of each journey began after an instant.
    public static func entries(
        into workspace: WorkspaceID, after instant: Timestamp, in session: PostgresSession
    ) throws -> [String: Int64] {
        let rows = try session.query(
            """
            select journey, count(*) from runs where workspace_id = \(workspace) and entered_at > \(instant)
            group by journey
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, Int64.self)) })
    }

    /// How many messages of each journey are planned and not sent yet, those apart that are held beyond an instant.
    public static func plannedMessages(
        of workspace: WorkspaceID, by horizon: Timestamp, in session: PostgresSession
    ) throws -> [String: Int64] {
        let rows = try session.query(
            """
            select journey, count(*) from messages
            where workspace_id = \(workspace) and (look_at is not null or due_at <= \(horizon))
            group by journey
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((String.self, Int64.self)) })
    }

    /// Which runs of a journey a segment's members have under the keys that entering it gives.
    public enum EntryKey: Sendable, Hashable {
        /// One for each contact, of this name.
        case fixed(String)
        /// One for each time that the contact entered the segment.
        case ordinal

        fileprivate var text: String? { if case .fixed(let text) = self { text } else { nil } }
    }

    /// Who is in a segment and has no run of a journey under that key yet: how many.
    public static func unentered(
        _ journey: String, segment: String, key: EntryKey, of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*) from segment_members s where s.workspace_id = \(workspace) and s.segment = \(segment)
                and not exists (
                    select from runs r where r.workspace_id = s.workspace_id and r.contact_id = s.contact_id
                        and r.journey = \(journey) and r.entry_key = coalesce(\(key.text), s.ordinal::text))
            """)[0][0, as: Int64.self]
    }

    /// The same as members, in the order of contacts: up to `limit` behind `after`.
    public static func unenteredMembers(
        _ journey: String, segment: String, key: EntryKey, of workspace: WorkspaceID, after: UniqueID?,
        limit: Int32, in session: PostgresSession
    ) throws -> [(contact: ContactKey, ordinal: Int32)] {
        let start = after ?? UniqueID(high: 0, low: 0)
        return try session.query(
            """
            select s.workspace_id, s.contact_id, s.ordinal from segment_members s
            where s.workspace_id = \(workspace) and s.segment = \(segment) and s.contact_id > \(start)
                and not exists (
                    select from runs r where r.workspace_id = s.workspace_id and r.contact_id = s.contact_id
                        and r.journey = \(journey) and r.entry_key = coalesce(\(key.text), s.ordinal::text))
            order by s.contact_id limit \(limit)
            """
        ).map { (try ContactKey(row: $0), try $0[2, as: Int32.self]) }
    }
}
