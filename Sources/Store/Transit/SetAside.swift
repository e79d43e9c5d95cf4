public import Model
public import Postgres

/// What was taken out of the flow with its reason: kept, inspectable, replayable.
public enum SetAside {
    /// How the reason begins of an event that was sent before the log's horizon.
    public static let pastRetention = "past-retention"

    public struct Item: Sendable, Hashable {
        public var id: UniqueID
        public var queue: String
        public var lane: String
        public var reason: String
        public var body: [UInt8]
        public var attempts: Int32
        public var setAsideAt: Timestamp
        public var replayedAt: Timestamp?
        /// Who tried it and what came of it, oldest first, as far as anybody knows.
        public var history: [Attempt]
        /// Whose it is; nil where it is several workspaces', or cannot be read.
        public var workspace: WorkspaceID?

        public init(
            id: UniqueID, queue: String, lane: String, reason: String, body: [UInt8], attempts: Int32,
            setAsideAt: Timestamp, replayedAt: Timestamp? = nil, history: [Attempt] = [],
            workspace: WorkspaceID? = nil
        ) {
            self.history = history
            self.id = id
            self.queue = queue
            self.lane = lane
            self.reason = reason
            self.body = body
            self.attempts = attempts
            self.setAsideAt = setAsideAt
            self.replayedAt = replayedAt
            self.workspace = workspace
        }
    }

    /// One worker's try of an item.
    public struct Attempt: Sendable, Hashable {
        /// Machine time.
        public var at: Timestamp
        /// The process: `scoring HOST/PID`.
        public var worker: String
        /// What came of it, in words.
        public var what: String

        public init(at: Timestamp, worker: String, what: String) {
            self.at = at
            self.worker = worker
            self.what = what
        }
    }

    /// Keeps items, and forgets their trials. Their ids are derived from their bytes by the caller, so that a redelivery keeps them once; their
    /// attempts and histories add up.
    public static func add(_ items: [Item], in session: PostgresSession) throws {
        guard !items.isEmpty else { return }
        let items = distinct(items)
        try session.execute(
            """
            insert into set_aside (
                set_aside_id, queue, lane, reason, body, attempts, set_aside_at, history, workspace_id)
            select u.id, u.queue, u.lane, u.reason, u.body, u.attempts, u.at, u.history::jsonb, u.workspace_id
            from unnest(
                \(items.map(\.id)), \(items.map(\.queue)), \(items.map(\.lane)), \(items.map(\.reason)),
                \(items.map(\.body)), \(items.map(\.attempts)), \(items.map(\.setAsideAt)),
                \(items.map { Self.text($0.history) }), \(items.map(\.workspace))
            ) as u (id, queue, lane, reason, body, attempts, at, history, workspace_id)
            on conflict (set_aside_id) do update
            set replayed_at = null, reason = excluded.reason,
                attempts = least(set_aside.attempts::bigint + excluded.attempts, \(Int64(Int32.max))),
                history = case when jsonb_array_length(set_aside.history) < \(longestHistory)
                    then set_aside.history || excluded.history else excluded.history end
            """)
        try Trials.forget(items.map(\.id), in: session)
    }

    /// Each id once: one statement cannot meet the same row twice.
    private static func distinct(_ items: [Item]) -> [Item] {
        var places: [UniqueID: Int] = [:]
        var distinct: [Item] = []
        for item in items {
            if let place = places[item.id] {
                distinct[place].history += item.history
                distinct[place].attempts = Int32(clamping: Int64(distinct[place].attempts) + Int64(item.attempts))
            } else {
                places[item.id] = distinct.count
                distinct.append(item)
            }
        }
        return distinct
    }

    /// Items not replayed yet, oldest first; with `all` those too.
    public static func list(all: Bool, in session: PostgresSession) throws -> [Item] {
        try session.query(
            """
            select \(unescaped: columns) from set_aside
            where replayed_at is null or \(all) order by set_aside_at, set_aside_id
            """
        ).map(item)
    }

    /// Items whose id begins with `prefix`.
    public static func find(prefix: String, in session: PostgresSession) throws -> [Item] {
        try session.query(
            """
            select \(unescaped: columns) from set_aside
            where starts_with(set_aside_id::text, \(prefix)) order by set_aside_at limit 3
            """
        ).map(item)
    }

    public static func markReplayed(_ id: UniqueID, at machineNow: Timestamp, in session: PostgresSession) throws {
        try session.execute("update set_aside set replayed_at = \(machineNow) where set_aside_id = \(id)")
    }

    static let columns: StaticString =
        "set_aside_id, queue, lane, reason, body, attempts, set_aside_at, replayed_at, history::text, workspace_id"

    static func item(_ row: PostgresRow) throws -> Item {
        let (id, queue, lane, reason, body, attempts, at, replayedAt, history, workspace) = try row.decode(
            (
                UniqueID.self, String.self, String.self, String.self, [UInt8].self, Int32.self, Timestamp.self,
                Timestamp?.self, String.self, WorkspaceID?.self
            ))
        return Item(
            id: id, queue: queue, lane: lane, reason: reason, body: body, attempts: attempts, setAsideAt: at,
            replayedAt: replayedAt, history: try Self.attempts(in: history), workspace: workspace)
    }
}
