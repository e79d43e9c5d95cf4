public import Model
public import Postgres

/// Workspaces that send nothing until somebody lets them: no mailer claims or hands over anything of theirs, and all that is
/// planned stays so.
public enum KillSwitches {
    public struct Entry: Sendable, Hashable {
        public var workspace: WorkspaceID
        /// Domain time.
        public var at: Timestamp
        public var author: String
        public var reason: String?

        public init(workspace: WorkspaceID, at: Timestamp, author: String, reason: String?) {
            (self.workspace, self.at, self.author, self.reason) = (workspace, at, author, reason)
        }
    }

    /// Turns one on; one that is on stays as it is.
    ///
    /// - Returns: whether it was off.
    public static func turnOn(_ entry: Entry, in session: PostgresSession) throws -> Bool {
        try session.execute(
            """
            insert into kill_switches (workspace_id, at, author, reason)
            values (\(entry.workspace), \(entry.at), \(entry.author), \(entry.reason))
            on conflict do nothing
            """) == 1
    }

    /// Turns one off; what is held is released apart.
    ///
    /// - Returns: whether it was on.
    public static func turnOff(_ workspace: WorkspaceID, in session: PostgresSession) throws -> Bool {
        try session.execute("delete from kill_switches where workspace_id = \(workspace)") == 1
    }

    /// Those of these workspaces whose switch is on.
    public static func on(
        among workspaces: some Collection<WorkspaceID>, in session: PostgresSession
    ) throws -> Set<WorkspaceID> {
        let rows = try session.query(
            "select workspace_id from kill_switches where workspace_id = any(\(Array(workspaces)))")
        return Set(try rows.map { try $0[0, as: WorkspaceID.self] })
    }

    /// All that are on, as far as the session may see them.
    public static func all(in session: PostgresSession) throws -> [Entry] {
        try session.query("select workspace_id, at, author, reason from kill_switches order by 1").map { row in
            Entry(
                workspace: try row[0, as: WorkspaceID.self], at: try row[1, as: Timestamp.self],
                author: try row[2, as: String.self], reason: try row[3, as: String?.self])
        }
    }

    /// The messages of a workspace that its switch holds; those that something else holds as well are held again when the
    /// gate looks at them.
    ///
    /// - Parameter reasons: the bit of the gate's reasons that says so.
    public static func held(
        reasons: UInt32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> [Pauses.MessageKey] {
        try session.query(
            """
            select contact_id, message_id from messages
            where workspace_id = \(workspace) and state = 'planned' and due_at = \(Pauses.never)
                and reasons & \(Int32(bitPattern: reasons)) <> 0
            order by contact_id, message_id
            """
        ).map { row in
            let (contact, message) = try row.decode((UniqueID.self, UniqueID.self))
            return Pauses.MessageKey(contact: contact, message: message)
        }
    }
}
