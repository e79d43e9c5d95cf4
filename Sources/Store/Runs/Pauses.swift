public import Model
public import Postgres

/// Journeys that stand still: their runs are not stepped, and their planned messages are not sent.
///
/// A timer that falls due meanwhile is gone, and the run remembers that it is to be looked at (`held_at`); so pausing costs
/// one row, however many runs there are.
public enum Pauses {
    public struct Place: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var journey: String

        public init(workspace: WorkspaceID, journey: String) {
            self.workspace = workspace
            self.journey = journey
        }
    }

    /// Until when messages of a paused journey are held: for good, until it goes on.
    public static let never = Timestamp(seconds: 253_370_764_800)

    /// Notes of runs that stand still that they are to be looked at; the caller holds the contacts' locks.
    public static func hold(_ runs: [Run], now: Timestamp, in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            update runs r set held_at = \(now)
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)))
                as u (workspace_id, contact_id, run_id)
            where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
                and r.held_at is null
            """)
    }

    // MARK: Pausing

    /// Where a journey stands.
    public struct Standing: Sendable, Hashable {
        /// The version that takes entries; nil where none does.
        public var liveVersion: Int32?
        public var pausedAt: Timestamp?
    }

    /// How a workspace's journeys stand, those that are gone from its files included.
    public static func standings(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> [String: Standing] {
        let rows = try session.query(
            "select journey, live_version, paused_at from journeys where workspace_id = \(workspace)")
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let (journey, version, pausedAt) = try row.decode((String.self, Int32?.self, Timestamp?.self))
                return (journey, Standing(liveVersion: version, pausedAt: pausedAt))
            })
    }

    /// Pauses a journey, or lets it go on; its runs are released apart.
    ///
    /// - Parameter instant: since when it is paused; nil lets it go on.
    public static func set(
        _ journey: String, to instant: Timestamp?, in workspace: WorkspaceID, session: PostgresSession
    ) throws {
        try session.execute(
            """
            update journeys set paused_at = \(instant)
            where workspace_id = \(workspace) and journey = \(journey)
                and (paused_at is null or \(instant)::timestamptz is null)
            """)
    }

    /// A mark in the order of transactions: all that write and are open now come before it.
    public static func mark(in session: PostgresSession) throws -> Int64 {
        try session.query("select pg_current_xact_id()::text::bigint")[0][0, as: Int64.self]
    }

    /// Whether all transactions that were open at a mark have ended.
    public static func hasPassed(_ mark: Int64, in session: PostgresSession) throws -> Bool {
        try session.query("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= \(mark)")[0][
            0, as: Bool.self]
    }

    // MARK: Messages

    /// A message by its key within a workspace.
    public struct MessageKey: Sendable, Hashable {
        public var contact: UniqueID
        public var message: UniqueID
    }

    /// The planned messages of a journey that a pause holds, or those that none holds and no mailer has in hand.
    public static func planned(
        of journey: String, held: Bool, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> [MessageKey] {
        let rows =
            held
            ? try session.query(
                """
                select contact_id, message_id from messages
                where workspace_id = \(workspace) and journey = \(journey) and state = 'planned' and due_at = \(never)
                order by contact_id, message_id
                """)
            : try session.query(
                """
                select contact_id, message_id from messages
                where workspace_id = \(workspace) and journey = \(journey) and state = 'planned'
                    and (look_at is not null or due_at < \(never))
                order by contact_id, message_id
                """)
        return try rows.map { row in
            let (contact, message) = try row.decode((UniqueID.self, UniqueID.self))
            return MessageKey(contact: contact, message: message)
        }
    }

    /// Holds those of `messages` that are planned still.
    ///
    /// - Returns: how many.
    public static func hold(
        _ messages: some Collection<MessageKey>, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        Int64(
            try session.execute(
                """
                with planned as (
                    select contact_id, message_id
                    from unnest(\(messages.map(\.contact)), \(messages.map(\.message))) as u (contact_id, message_id)
                    join messages m using (contact_id, message_id)
                    where m.workspace_id = \(workspace) and m.state = 'planned'
                    order by contact_id, message_id for no key update of m
                )
                update messages m set due_at = \(never), look_at = null from planned p
                where m.workspace_id = \(workspace) and m.contact_id = p.contact_id and m.message_id = p.message_id
                """))
    }

    /// How many messages of a journey are held by its pause.
    public static func heldMessages(
        of journey: String, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Int64 {
        try session.query(
            """
            select count(*) from messages
            where workspace_id = \(workspace) and journey = \(journey) and due_at = \(never) and state = 'planned'
            """)[0][0, as: Int64.self]
    }
}
