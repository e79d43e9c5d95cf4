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

    /// Makes the caller the only one who decides a test, until the transaction ends.
    ///
    /// - Parameter waits: whether to wait for somebody else who does.
    /// - Returns: false where somebody else does.
    public static func claim(_ place: Place, waits: Bool, in session: PostgresSession) throws -> Bool {
        let name = "\(place.workspace.rawValue)/\(place.journey)/\(place.step)/\(place.entryAt)"
        if waits {
            try session.execute("select pg_advisory_xact_lock(hashtextextended(\(name), 0))")
            return true
        }
        return try session.query("select pg_try_advisory_xact_lock(hashtextextended(\(name), 0))")[0][0, as: Bool.self]
    }

    /// Decides a test, unless somebody has: then what they decided holds.
    public static func decide(_ result: Result, in session: PostgresSession) throws {
        let scores = JSON.array(result.scores.map(\.json))
        try session.execute(
            """
            insert into test_results (workspace_id, journey, step, entry_at, winner, scores, decided_at)
            values (
                \(result.place.workspace), \(result.place.journey), \(result.place.step), \(result.place.entryAt),
                \(result.winner), \(scores), \(result.decidedAt))
            on conflict do nothing
            """)
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
