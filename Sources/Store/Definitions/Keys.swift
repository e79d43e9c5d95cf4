public import Contracts
public import Model
public import Postgres

/// A write key as the store knows it: without the key.
public struct WriteKey: Sendable, Hashable {
    public var workspace: WorkspaceID
    public var name: String
    public var trust: AcceptedEvent.Trust
    /// Events a second; nil: as many as come.
    public var rate: Int64?
    /// What all keys of the workspace share.
    public var quota: EventQuota

    public init(
        workspace: WorkspaceID, name: String, trust: AcceptedEvent.Trust, rate: Int64? = nil,
        quota: EventQuota = EventQuota()
    ) {
        self.workspace = workspace
        self.name = name
        self.trust = trust
        self.rate = rate
        self.quota = quota
    }
}

/// Write keys, of which only the SHA-256 is stored.
public enum Keys {
    /// What a key may do.
    public enum Kind: String, Sendable, CaseIterable {
        /// Stands in public pages.
        case `public`
        /// Kept on a server.
        case server
    }

    public struct Listed: Sendable, Hashable {
        public var name: String
        public var kind: Kind
        /// Events a second; nil: as many as come.
        public var rate: Int64?
        public var createdAt: Timestamp
        public var revokedAt: Timestamp?
    }

    /// The key with this SHA-256, unless it is unknown or revoked.
    public static func find(hash: [UInt8], in session: PostgresSession) throws -> WriteKey? {
        let rows = try session.query(
            """
            select k.workspace_id, k.name, k.kind, k.rate, w.daily_quota, w.monthly_quota
            from keys k left join workspaces w on w.workspace_id = k.workspace_id
            where k.hash = \(hash) and k.revoked_at is null
            """)
        return try rows.first.map { row in
            let (workspace, name, kind, rate, perDay, perMonth) = try row.decode(
                (WorkspaceID.self, String.self, String.self, Int64?.self, Int64?.self, Int64?.self))
            return WriteKey(
                workspace: workspace, name: name, trust: kind == "server" ? .server : .publicKey, rate: rate,
                quota: EventQuota(perDay: perDay, perMonth: perMonth))
        }
    }

    /// Stores a key by its hash under a name.
    ///
    /// - Returns: false when the name is taken by another key.
    public static func add(
        hash: [UInt8], name: String, kind: Kind, rate: Int64? = nil, to workspace: WorkspaceID, now: Timestamp,
        in session: PostgresSession
    ) throws -> Bool {
        try session.execute(
            """
            insert into keys (workspace_id, name, kind, rate, hash, created_at)
            values (\(workspace), \(name), \(kind.rawValue), \(rate), \(hash), \(now)) on conflict do nothing
            """)
        let rows = try session.query(
            "select 1 from keys where workspace_id = \(workspace) and name = \(name) and hash = \(hash)")
        return !rows.isEmpty
    }

    public static func list(of workspace: WorkspaceID, in session: PostgresSession) throws -> [Listed] {
        try session.query(
            """
            select name, kind, rate, created_at, revoked_at from keys where workspace_id = \(workspace) order by name
            """
        ).map { row in
            let (name, kind, rate, createdAt, revokedAt) = try row.decode(
                (String.self, String.self, Int64?.self, Timestamp.self, Timestamp?.self))
            return Listed(
                name: name, kind: Kind(rawValue: kind) ?? .public, rate: rate, createdAt: createdAt,
                revokedAt: revokedAt)
        }
    }

    /// Sets how many events a second a key may bring; nil: as many as come. Edges hear of it within a minute.
    ///
    /// - Returns: whether there is a key of that name that still holds.
    public static func limit(
        _ name: String, to rate: Int64?, of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> Bool {
        try session.execute(
            """
            update keys set rate = \(rate)
            where workspace_id = \(workspace) and name = \(name) and revoked_at is null
            """) == 1
    }

    /// Ends a key; edges that have it cached honour it for up to a minute more.
    ///
    /// - Returns: whether there was a key of that name that still held.
    public static func revoke(
        _ name: String, of workspace: WorkspaceID, now: Timestamp, in session: PostgresSession
    ) throws -> Bool {
        try session.execute(
            """
            update keys set revoked_at = \(now)
            where workspace_id = \(workspace) and name = \(name) and revoked_at is null
            """) == 1
    }
}
