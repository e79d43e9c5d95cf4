public import Contracts
public import Model
public import Postgres

/// A write key as the store knows it: without the key.
public struct WriteKey: Sendable, Hashable {
    public var workspace: WorkspaceID
    public var name: String
    public var trust: AcceptedEvent.Trust

    public init(workspace: WorkspaceID, name: String, trust: AcceptedEvent.Trust) {
        self.workspace = workspace
        self.name = name
        self.trust = trust
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
        public var createdAt: Timestamp
        public var revokedAt: Timestamp?
    }

    /// The key with this SHA-256, unless it is unknown or revoked.
    public static func find(hash: [UInt8], in session: PostgresSession) throws -> WriteKey? {
        let rows = try session.query(
            "select workspace_id, name, kind from keys where hash = \(hash) and revoked_at is null")
        return try rows.first.map { row in
            let (workspace, name, kind) = try row.decode((WorkspaceID.self, String.self, String.self))
            return WriteKey(workspace: workspace, name: name, trust: kind == "server" ? .server : .publicKey)
        }
    }

    /// Stores a key by its hash under a name.
    ///
    /// - Returns: false when the name is taken by another key.
    public static func add(
        hash: [UInt8], name: String, kind: Kind, to workspace: WorkspaceID, now: Timestamp,
        in session: PostgresSession
    ) throws -> Bool {
        try session.execute(
            """
            insert into keys (workspace_id, name, kind, hash, created_at)
            values (\(workspace), \(name), \(kind.rawValue), \(hash), \(now)) on conflict do nothing
            """)
        let rows = try session.query(
            "select 1 from keys where workspace_id = \(workspace) and name = \(name) and hash = \(hash)")
        return !rows.isEmpty
    }

    public static func list(of workspace: WorkspaceID, in session: PostgresSession) throws -> [Listed] {
        try session.query(
            "select name, kind, created_at, revoked_at from keys where workspace_id = \(workspace) order by name"
        ).map { row in
            let (name, kind, createdAt, revokedAt) = try row.decode(
                (String.self, String.self, Timestamp.self, Timestamp?.self))
            return Listed(name: name, kind: Kind(rawValue: kind) ?? .public, createdAt: createdAt, revokedAt: revokedAt)
        }
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
