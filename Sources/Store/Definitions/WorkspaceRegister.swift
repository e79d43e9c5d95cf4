public import Model
public import Postgres

/// The workspaces of this cell and the revision of their definitions that is live.
public enum WorkspaceRegister {
    public struct Entry: Sendable, Hashable {
        public var id: WorkspaceID
        public var name: String
        public var revision: Int32
    }

    public static func all(in session: PostgresSession) throws -> [Entry] {
        try session.query("select workspace_id, name, revision from workspaces order by name").map(entry)
    }

    public static func find(_ name: String, in session: PostgresSession) throws -> Entry? {
        try session.query("select workspace_id, name, revision from workspaces where name = \(name)").first.map(entry)
    }

    /// The live revision of each of `workspaces`, read after the contacts' locks so that it cannot be older than theirs.
    public static func revisions(
        of workspaces: [WorkspaceID], in session: PostgresSession
    ) throws -> [WorkspaceID: Int32] {
        let rows = try session.query(
            "select workspace_id, revision from workspaces where workspace_id = any(\(workspaces))")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode((WorkspaceID.self, Int32.self)) })
    }

    /// Makes the workspace where there is none of this name.
    public static func make(_ name: String, now: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            """
            insert into workspaces (name, revision, created_at) values (\(name), 0, \(now))
            on conflict (name) do nothing
            """)
    }

    /// The entry of `name`, locked until the transaction ends, so that two appliers take turns.
    public static func lock(_ name: String, in session: PostgresSession) throws -> Entry {
        let row = try session.query(
            "select workspace_id, name, revision from workspaces where name = \(name) for update"
        ).first
        guard let row else { throw StoreError.unknownWorkspace(name) }
        return try entry(row)
    }

    /// The same, made where there is none.
    public static func lock(_ name: String, now: Timestamp, in session: PostgresSession) throws -> Entry {
        try make(name, now: now, in: session)
        return try lock(name, in: session)
    }

    private static func entry(_ row: PostgresRow) throws -> Entry {
        let (id, name, revision) = try row.decode((WorkspaceID.self, String.self, Int32.self))
        return Entry(id: id, name: name, revision: revision)
    }
}
