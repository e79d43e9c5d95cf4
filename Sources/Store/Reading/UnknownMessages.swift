public import Model
public import Postgres

/// Messages of which nobody knows whether they were sent.
public enum UnknownMessages {
    /// One of them.
    public struct Entry: Sendable, Hashable {
        public var message: Message
        /// When it was handed over, or would have been.
        public var at: Timestamp
        public var address: String?
        /// Why it is unknown.
        public var reply: String?
    }

    /// The latest, newest first; also of contacts that have merged since.
    public static func latest(
        of workspace: WorkspaceID, limit: Int32, in session: PostgresSession
    ) throws -> [Entry] {
        try session.query(
            """
            select \(unescaped: Claims.columns), u.unknown_at, m.address, m.reply
            from (
                select * from unknown_messages where workspace_id = \(workspace)
                order by unknown_at desc, message_id limit \(limit)) u
            join contacts c on c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            join messages m on m.workspace_id = u.workspace_id and m.contact_id = coalesce(c.merged_into, c.contact_id)
                and m.message_id = u.message_id
            order by u.unknown_at desc, m.message_id
            """
        ).map { row in
            Entry(
                message: try Message(row: row), at: try row[13, as: Timestamp.self],
                address: try row[14, as: String?.self], reply: try row[15, as: String?.self])
        }
    }
}
