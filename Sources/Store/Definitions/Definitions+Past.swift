public import Model
public import Postgres

extension Definitions {
    /// Who applied a revision, when and why.
    public struct Signature: Sendable, Hashable {
        public var revision: Int32
        public var at: Timestamp
        public var author: String
        public var reason: String?
    }

    /// Whose a revision is; nil where there is none.
    public static func signature(
        of revision: Int32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Signature? {
        try session.query(
            """
            select revision, applied_at, applied_by, reason from definitions
            where workspace_id = \(workspace) and revision = \(revision)
            """
        ).first.map(signature)
    }

    /// A file that stands as it did in an earlier revision, and the revision that has changed it since.
    public struct Outdated: Sendable, Hashable {
        public var file: String
        /// The last revision in which it was so.
        public var asOf: Int32
        public var changed: Signature
    }

    /// Those of `files` that say what an earlier revision said and the live one says no more: whoever applies them takes back
    /// what was applied since.
    public static func outdated(
        _ files: [String: String], in workspace: WorkspaceID, session: PostgresSession
    ) throws -> [Outdated] {
        guard !files.isEmpty else { return [] }
        let sorted = files.sorted { $0.key < $1.key }
        return try session.query(
            """
            select u.path, held.revision, d.revision, d.applied_at, d.applied_by, d.reason
            from unnest(\(sorted.map(\.key)), \(sorted.map(\.value))) as u (path, text)
            cross join lateral (
                select max(o.revision) as revision from definitions o
                where o.workspace_id = \(workspace) and o.files ->> u.path = u.text
            ) held
            cross join lateral (
                select n.revision, n.applied_at, n.applied_by, n.reason from definitions n
                where n.workspace_id = \(workspace) and n.revision = held.revision + 1
            ) d
            order by u.path
            """
        ).map { row in
            let (file, asOf, revision, at, author, reason) = try row.decode(
                (String.self, Int32.self, Int32.self, Timestamp.self, String.self, String?.self))
            return Outdated(
                file: file, asOf: asOf,
                changed: Signature(revision: revision, at: at, author: author, reason: reason))
        }
    }

    private static func signature(_ row: PostgresRow) throws -> Signature {
        let (revision, at, author, reason) = try row.decode(
            (Int32.self, Timestamp.self, String.self, String?.self))
        return Signature(revision: revision, at: at, author: author, reason: reason)
    }
}
