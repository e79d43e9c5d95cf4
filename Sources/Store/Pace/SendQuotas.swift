public import Model
public import Pacing
public import Postgres

/// What of each limit is taken, as all mailers share it.
public enum SendQuotas {
    /// A limit by its place in the store.
    public struct Key: Sendable, Hashable, Comparable {
        /// Workspace 0 stands for the deployment.
        public var workspace: WorkspaceID
        public var bucket: String

        public init(workspace: WorkspaceID, bucket: String) { (self.workspace, self.bucket) = (workspace, bucket) }

        /// Of a mail server that takes mails of all workspaces.
        public static func relay(_ name: String) -> Key {
            Key(workspace: WorkspaceID(rawValue: 0), bucket: "relay \(name)")
        }

        public static func < (left: Key, right: Key) -> Bool {
            (left.workspace, left.bucket) < (right.workspace, right.bucket)
        }
    }

    /// The quotas, locked in one order; a new one is untouched.
    ///
    /// - Parameter known: those that are locked only where they are there.
    public static func lock(
        _ keys: Set<Key>, known: Set<Key> = [], in session: PostgresSession
    ) throws -> [Key: Entry] {
        let all = keys.union(known).sorted()
        guard !all.isEmpty else { return [:] }
        var entries = try read(all, in: session)
        let missing = keys.filter { entries[$0] == nil }.sorted()
        guard !missing.isEmpty else { return entries }
        try session.execute(
            """
            insert into send_quota (workspace_id, bucket)
            select * from unnest(\(missing.map(\.workspace)), \(missing.map(\.bucket)))
            on conflict do nothing
            """)
        for (key, entry) in try read(missing, in: session) { entries[key] = entry }
        return entries
    }

    /// One row.
    public struct Entry: Sendable, Hashable {
        public var quota = Quota()
        public var progress = WarmUp.Progress()

        public init() {}
    }

    private static func read(_ keys: [Key], in session: PostgresSession) throws -> [Key: Entry] {
        let rows = try session.query(
            """
            select \(unescaped: columns) from send_quota q
            join unnest(\(keys.map(\.workspace)), \(keys.map(\.bucket))) as u (workspace_id, bucket)
                on q.workspace_id = u.workspace_id and q.bucket = u.bucket
            order by q.workspace_id, q.bucket for no key update of q
            """)
        return Dictionary(try rows.map(entry), uniquingKeysWith: { first, _ in first })
    }

    /// All of one kind of bucket, as far as the session may see them, unlocked.
    ///
    /// - Parameter prefix: how their names begin.
    public static func all(_ prefix: String = "", in session: PostgresSession) throws -> [(key: Key, entry: Entry)] {
        try session.query(
            """
            select \(unescaped: columns) from send_quota q where starts_with(q.bucket, \(prefix)) order by 1, 2
            """
        ).map { row in
            let (key, entry) = try entry(row)
            return (key, entry)
        }
    }

    /// Sites to which mail is slowed down.
    ///
    /// - Parameter workspaces: nil: all that the session may see.
    public static func slowed(
        _ workspaces: Set<WorkspaceID>? = nil, at now: Timestamp, in session: PostgresSession
    ) throws -> Set<Key> {
        let rows = try session.query(
            """
            select \(unescaped: columns) from send_quota q
            where q.lowered_at is not null
                and (\(workspaces == nil) or q.workspace_id = any(\(Array(workspaces ?? []))))
            """)
        return Set(try rows.map(entry).filter { $0.1.quota.backOff.isActive(at: now) }.map(\.0))
    }

    /// Writes quotas that the caller has locked.
    public static func write(_ entries: [Key: Entry], in session: PostgresSession) throws {
        let all = entries.sorted { $0.key < $1.key }
        guard !all.isEmpty else { return }
        func starts(_ unit: SendLimits.Unit) -> [Timestamp] { all.map { $0.value.quota.windows[unit.rawValue].start } }
        func counts(_ unit: SendLimits.Unit) -> [Int64] { all.map { $0.value.quota.windows[unit.rawValue].count } }
        try session.execute(
            """
            update send_quota q set second_at = u.second_at, second_count = u.second_count, minute_at = u.minute_at,
                minute_count = u.minute_count, hour_at = u.hour_at, hour_count = u.hour_count, day_at = u.day_at,
                day_count = u.day_count, failures = u.failures, lowered = u.lowered, lowered_at = u.lowered_at,
                per_minute = u.per_minute, step = u.step, stepped_at = u.stepped_at, sent = u.sent,
                deferred = u.deferred, complaints = u.complaints
            from unnest(
                \(all.map(\.key.workspace)), \(all.map(\.key.bucket)), \(starts(.second)), \(counts(.second)),
                \(starts(.minute)), \(counts(.minute)), \(starts(.hour)), \(counts(.hour)), \(starts(.day)),
                \(counts(.day)), \(all.map(\.value.quota.backOff.failures)),
                \(all.map(\.value.quota.backOff.lowered)), \(all.map(\.value.quota.backOff.since)),
                \(all.map(\.value.quota.backOff.perMinute)), \(all.map(\.value.progress.step)),
                \(all.map(\.value.progress.day)), \(all.map(\.value.progress.sent)),
                \(all.map(\.value.progress.deferred)), \(all.map(\.value.progress.complaints))
            ) as u (workspace_id, bucket, second_at, second_count, minute_at, minute_count, hour_at, hour_count, day_at,
                day_count, failures, lowered, lowered_at, per_minute, step, stepped_at, sent, deferred, complaints)
            where q.workspace_id = u.workspace_id and q.bucket = u.bucket
            """)
    }

    private static let columns: StaticString =
        """
        q.workspace_id, q.bucket, q.second_at, q.second_count, q.minute_at, q.minute_count, q.hour_at, q.hour_count,
        q.day_at, q.day_count, q.failures, q.lowered, q.lowered_at, q.per_minute, q.step, q.stepped_at, q.sent, q.deferred,
        q.complaints
        """

    private static func entry(_ row: PostgresRow) throws -> (Key, Entry) {
        var entry = Entry()
        entry.quota.windows = try SendLimits.Unit.allCases.map { unit in
            Quota.Window(
                start: try row[2 + 2 * unit.rawValue, as: Timestamp.self],
                count: try row[3 + 2 * unit.rawValue, as: Int64.self])
        }
        entry.quota.backOff = BackOff(
            failures: try row[10, as: Int32.self], lowered: try row[11, as: Int64.self],
            since: try row[12, as: Timestamp?.self], perMinute: try row[13, as: Int64?.self])
        entry.progress = WarmUp.Progress(
            step: try row[14, as: Int32.self], day: try row[15, as: Timestamp?.self], sent: try row[16, as: Int64.self],
            deferred: try row[17, as: Int64.self], complaints: try row[18, as: Int64.self])
        let key = Key(workspace: try row[0, as: WorkspaceID.self], bucket: try row[1, as: String.self])
        return (key, entry)
    }
}
