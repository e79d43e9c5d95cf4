public import Model
public import Postgres

/// What was done with a workspace: definitions applied, journeys paused, resumed and stopped, runs and wording moved.
public enum Interventions {
    public enum Kind: String, Sendable, CaseIterable {
        case apply
        case pause
        case resume
        case stop
        /// Runs moved to a newer version of their journey.
        case migrate
        /// The wording of runs under way taken from a newer revision.
        case content
        /// A sender's mail, which stands where journeys do: `shop.example marketing`.
        case pauseSender = "pause-sender"
        case resumeSender = "resume-sender"
        /// The workspace's kill switch, turned on and off.
        case stopSending = "stop-sending"
        case allowSending = "allow-sending"
    }

    public struct Entry: Sendable, Hashable {
        public var kind: Kind
        public var at: Timestamp
        public var author: String
        public var reason: String?
        /// The definitions that were live then; of an apply, those that it made live.
        public var revision: Int32
        /// Nil for an apply; of a sender, its domain and class.
        public var journey: String?
        public var runs: Int64
        public var messages: Int64

        public init(
            kind: Kind, at: Timestamp, author: String, reason: String? = nil, revision: Int32, journey: String? = nil,
            runs: Int64 = 0, messages: Int64 = 0
        ) {
            self.kind = kind
            self.at = at
            self.author = author
            self.reason = reason
            self.revision = revision
            self.journey = journey
            self.runs = runs
            self.messages = messages
        }
    }

    /// Records one about a journey. Whoever does so next for the workspace waits for the end of the transaction, so that numbers
    /// do not meet.
    ///
    /// - Returns: its number within the workspace.
    @discardableResult
    public static func record(_ entry: Entry, of workspace: WorkspaceID, in session: PostgresSession) throws -> Int32 {
        try session.execute(
            "select pg_advisory_xact_lock(hashtextextended(\("loods.interventions \(workspace.rawValue)"), 0))")
        return try session.query(
            """
            insert into interventions (
                workspace_id, number, at, author, kind, journey, reason, revision, runs, messages)
            select \(workspace), coalesce(max(number), 0) + 1, \(entry.at), \(entry.author), \(entry.kind.rawValue),
                \(entry.journey ?? ""), \(entry.reason), \(entry.revision), \(entry.runs), \(entry.messages)
            from interventions where workspace_id = \(workspace)
            returning number
            """)[0][0, as: Int32.self]
    }

    /// Adds runs to one that is under way, in the transaction that moves them.
    public static func add(
        runs: Int64, to number: Int32, of workspace: WorkspaceID, in session: PostgresSession
    ) throws {
        try session.execute(
            "update interventions set runs = runs + \(runs) where workspace_id = \(workspace) and number = \(number)")
    }

    /// The last ones, newest first; with a journey only what was done with that.
    public static func recent(
        of workspace: WorkspaceID, journey: String? = nil, limit: Int32, in session: PostgresSession
    ) throws -> [Entry] {
        try session.query(
            """
            select kind, at, author, reason, revision, journey, runs, messages from (
                select 'apply' as kind, applied_at as at, applied_by as author, reason, revision,
                    null::text as journey, 0::bigint as runs, 0::bigint as messages, 0 as number
                from definitions where workspace_id = \(workspace) and \(journey)::text is null
                union all
                select kind, at, author, reason, revision, journey, runs, messages, number
                from interventions
                where workspace_id = \(workspace) and journey = coalesce(\(journey), journey)
            ) as done order by at desc, revision desc, number desc limit \(limit)
            """
        ).map { row in
            let (kind, at, author, reason, revision, journey, runs, messages) = try row.decode(
                (
                    String.self, Timestamp.self, String.self, String?.self, Int32.self, String?.self, Int64.self,
                    Int64.self
                ))
            return Entry(
                kind: Kind(rawValue: kind) ?? .apply, at: at, author: author, reason: reason, revision: revision,
                journey: journey, runs: runs, messages: messages)
        }
    }
}
