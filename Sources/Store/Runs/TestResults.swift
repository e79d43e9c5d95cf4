public import Model
public import Postgres

/// What was decided of tests within broadcasts: once for each step and each time of the broadcast, whoever comes first.
public enum TestResults {
    /// Names one test: a step of a journey, of the runs that begin at one place in time.
    public struct Place: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var journey: String
        public var step: String
        public var entryAt: Timestamp

        public init(workspace: WorkspaceID, journey: String, step: String, entryAt: Timestamp) {
            self.workspace = workspace
            self.journey = journey
            self.step = step
            self.entryAt = entryAt
        }
    }

    /// What came of one variant.
    public struct Score: Sendable, Hashable {
        public var variant: String
        public var sent: Int64
        public var counted: Int64

        public init(variant: String, sent: Int64, counted: Int64) {
            self.variant = variant
            self.sent = sent
            self.counted = counted
        }
    }

    public struct Result: Sendable, Hashable {
        public var place: Place
        public var winner: String
        public var scores: [Score]
        public var decidedAt: Timestamp

        public init(place: Place, winner: String, scores: [Score], decidedAt: Timestamp) {
            self.place = place
            self.winner = winner
            self.scores = scores
            self.decidedAt = decidedAt
        }
    }

    /// What was decided of a test; nil: nothing yet.
    public static func find(_ place: Place, in session: PostgresSession) throws -> Result? {
        try session.query(
            """
            select \(unescaped: columns) from test_results
            where workspace_id = \(place.workspace) and journey = \(place.journey) and step = \(place.step)
                and entry_at = \(place.entryAt)
            """
        ).first.map { try Result(row: $0) }
    }

    /// Decides a test, unless somebody has: then what they decided holds, for whom this one waits.
    public static func decide(_ result: Result, in session: PostgresSession) throws -> Result {
        let scores = JSON.array(result.scores.map(\.json))
        try session.execute(
            """
            insert into test_results (workspace_id, journey, step, entry_at, winner, scores, decided_at)
            values (
                \(result.place.workspace), \(result.place.journey), \(result.place.step), \(result.place.entryAt),
                \(result.winner), \(scores), \(result.decidedAt))
            on conflict do nothing
            """)
        return try find(result.place, in: session) ?? result
    }

    /// To how many each variant was handed, and of how many of these an event is known: one that names the message, or with
    /// `sinceHanded` any of that name that happened since.
    public static func scores(
        of place: Place, event: String, sinceHanded: Bool, until now: Timestamp, in session: PostgresSession
    ) throws -> [Score] {
        try session.query(
            """
            select m.template, count(*), count(*) filter (where exists (
                select from contacts c
                join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
                where c.workspace_id = m.workspace_id
                    and (c.contact_id = m.contact_id or c.merged_into = m.contact_id)
                    and l.name = \(event) and l.at <= \(now)
                    and case when \(sinceHanded) then l.at >= coalesce(m.handed_at, m.planned_at)
                        else l.properties ->> 'message_id' = m.message_id::text end))
            from messages m
            where m.workspace_id = \(place.workspace) and m.journey = \(place.journey) and m.step = \(place.step)
                and m.tested = \(place.entryAt) and m.state in ('handed', 'accepted', 'unknown')
            group by m.template order by m.template
            """
        ).map { row in
            Score(
                variant: try row[0, as: String.self], sent: try row[1, as: Int64.self],
                counted: try row[2, as: Int64.self])
        }
    }

    /// The last ones that were decided, newest first; of one workspace, or with nil of all.
    public static func recent(
        of workspace: WorkspaceID? = nil, limit: Int32, in session: PostgresSession
    ) throws -> [Result] {
        try session.query(
            """
            select \(unescaped: columns) from test_results
            where \(workspace)::integer is null or workspace_id = \(workspace)
            order by decided_at desc, workspace_id, journey, step limit \(limit)
            """
        ).map { try Result(row: $0) }
    }

    private static let columns: StaticString = "workspace_id, journey, step, entry_at, winner, scores, decided_at"
}

extension TestResults.Score {
    public var json: JSON {
        .object(["variant": .string(variant), "sent": .int(sent), "counted": .int(counted)])
    }

    fileprivate init?(json: JSON) {
        guard let variant = json["variant"]?.string, case .int(let sent)? = json["sent"],
            case .int(let counted)? = json["counted"]
        else { return nil }
        self.init(variant: variant, sent: sent, counted: counted)
    }
}

extension TestResults.Result {
    fileprivate init(row: PostgresRow) throws {
        let scores = try row[5, as: JSON.self].array ?? []
        self.init(
            place: TestResults.Place(
                workspace: try row[0, as: WorkspaceID.self], journey: try row[1, as: String.self],
                step: try row[2, as: String.self], entryAt: try row[3, as: Timestamp.self]),
            winner: try row[4, as: String.self], scores: scores.compactMap { TestResults.Score(json: $0) },
            decidedAt: try row[6, as: Timestamp.self])
    }
}
