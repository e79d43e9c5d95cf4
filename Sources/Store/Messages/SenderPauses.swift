public import Model
public import Pacing
public import Postgres

/// Senders whose mail stands still: servers refuse it for a fault of the sender's, or somebody has paused it. What is planned
/// of it is held by the gate, in every mailer, and goes on when somebody resumes it.
public enum SenderPauses {
    public typealias Class = MailClass

    /// Mails of a workspace from addresses of one domain and of one class.
    public struct Sender: Sendable, Hashable, Comparable {
        public var workspace: WorkspaceID
        /// In lower case.
        public var domain: String
        public var `class`: Class

        public init(workspace: WorkspaceID, domain: String, class: Class) {
            self.workspace = workspace
            self.domain = domain.lowercased()
            self.class = `class`
        }

        public static func < (left: Sender, right: Sender) -> Bool {
            (left.workspace, left.domain, left.class.rawValue) < (right.workspace, right.domain, right.class.rawValue)
        }
    }

    public struct Pause: Sendable, Hashable {
        public var sender: Sender
        public var at: Timestamp
        /// The enhanced status code of the refusal.
        public var status: String?
        /// What the server said, or why somebody paused it.
        public var reply: String?
        /// The first mail that was refused; nil where somebody has paused it.
        public var message: UniqueID?
        /// Who has paused it; nil: a refusal did.
        public var author: String?

        public init(
            sender: Sender, at: Timestamp, status: String? = nil, reply: String? = nil, message: UniqueID? = nil,
            author: String? = nil
        ) {
            self.sender = sender
            self.at = at
            self.status = status
            self.reply = reply
            self.message = message
            self.author = author
        }
    }

    /// Pauses senders; one that stands still already stays as it is.
    ///
    /// - Returns: those that went until now.
    public static func begin(_ pauses: [Pause], in session: PostgresSession) throws -> Set<Sender> {
        guard !pauses.isEmpty else { return [] }
        let sorted = pauses.sorted { $0.sender < $1.sender }
        let rows = try session.query(
            """
            insert into sender_pauses (workspace_id, domain, class, paused_at, status, reply, message_id, author)
            select * from unnest(
                \(sorted.map(\.sender.workspace)), \(sorted.map(\.sender.domain)),
                \(sorted.map(\.sender.class.rawValue)), \(sorted.map(\.at)), \(sorted.map(\.status)),
                \(sorted.map(\.reply)), \(sorted.map(\.message)), \(sorted.map(\.author)))
            on conflict do nothing
            returning workspace_id, domain, class
            """)
        return Set(try rows.map(sender))
    }

    /// The senders of these workspaces that stand still.
    public static func standing(
        in workspaces: some Collection<WorkspaceID>, session: PostgresSession
    ) throws -> Set<Sender> {
        let rows = try session.query(
            "select workspace_id, domain, class from sender_pauses where workspace_id = any(\(Array(workspaces)))")
        return Set(try rows.map(sender))
    }

    /// All that stand still, as far as the session may see them.
    public static func all(in session: PostgresSession) throws -> [Pause] {
        try session.query(
            """
            select workspace_id, domain, class, paused_at, status, reply, message_id, author
            from sender_pauses order by 1, 2, 3
            """
        ).map { row in
            Pause(
                sender: try sender(row), at: try row[3, as: Timestamp.self], status: try row[4, as: String?.self],
                reply: try row[5, as: String?.self], message: try row[6, as: UniqueID?.self],
                author: try row[7, as: String?.self])
        }
    }

    /// Lets a sender's mail go on; what is held is released apart.
    ///
    /// - Returns: whether it stood still.
    public static func end(_ sender: Sender, in session: PostgresSession) throws -> Bool {
        try session.execute(
            """
            delete from sender_pauses
            where workspace_id = \(sender.workspace) and domain = \(sender.domain) and class = \(sender.class.rawValue)
            """) == 1
    }

    /// The mails of a class that are held for their senders. Whichever their sender is: those of another one that stands still
    /// are held again when the gate looks at them.
    ///
    /// - Parameter reasons: the bit of the gate's reasons that says so.
    public static func held(
        _ class: Class, reasons: UInt32, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> [Pauses.MessageKey] {
        try session.query(
            """
            select contact_id, message_id from messages
            where workspace_id = \(workspace) and state = 'planned' and due_at = \(Pauses.never)
                and reasons & \(Int32(bitPattern: reasons)) <> 0 and (topic is not null) = \(`class` == .marketing)
            order by contact_id, message_id
            """
        ).map { row in
            let (contact, message) = try row.decode((UniqueID.self, UniqueID.self))
            return Pauses.MessageKey(contact: contact, message: message)
        }
    }

    private static func sender(_ row: PostgresRow) throws -> Sender {
        Sender(
            workspace: try row[0, as: WorkspaceID.self], domain: try row[1, as: String.self],
            class: Class(rawValue: try row[2, as: String.self]) ?? .marketing)
    }
}
