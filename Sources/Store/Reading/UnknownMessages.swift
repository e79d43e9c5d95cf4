public import Model
public import Postgres

/// Messages of which nobody knows whether they were sent, or sent once.
public enum UnknownMessages {
    /// One of them.
    public struct Entry: Sendable, Hashable {
        public var message: Message
        /// Where it stands: unknown, or what became of it since it was planned again.
        public var state: Message.State
        /// When it was handed over, or would have been; of one that was planned again, when that was.
        public var at: Timestamp
        public var address: String?
        /// Why it is unknown, or what the server said since.
        public var reply: String?
    }

    /// The latest, newest first; also of contacts that have merged since.
    public static func latest(
        of workspace: WorkspaceID, limit: Int32, in session: PostgresSession
    ) throws -> [Entry] {
        try session.query(
            """
            (select \(unescaped: Claims.columns), u.unknown_at as at, m.address, m.reply, m.state
            from (
                select * from unknown_messages where workspace_id = \(workspace)
                order by unknown_at desc, message_id limit \(limit)) u
            join contacts c on c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            join messages m on m.workspace_id = u.workspace_id and m.contact_id = coalesce(c.merged_into, c.contact_id)
                and m.message_id = u.message_id)
            union all
            (select \(unescaped: Claims.columns), m.resent_at, m.address, m.reply, m.state from messages m
            where m.workspace_id = \(workspace) and m.resent_at is not null and m.state <> 'unknown'
            order by m.resent_at desc, m.message_id limit \(limit))
            order by at desc, message_id limit \(limit)
            """
        ).map { row in
            Entry(
                message: try Message(row: row),
                state: Message.State(rawValue: try row[16, as: String.self]) ?? .unknown,
                at: try row[13, as: Timestamp.self], address: try row[14, as: String?.self],
                reply: try row[15, as: String?.self])
        }
    }
}
