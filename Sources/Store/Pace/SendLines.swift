public import Model
public import Pacing
public import Postgres

/// Lines in which mails wait that a limit does not let go yet.
///
/// A line has a row while mails wait in it. Whoever joins one holds its row until the end of the transaction, shared; whoever
/// serves or closes one holds it alone. So none is closed under somebody who joins it.
public enum SendLines {
    /// The due time of what waits in line: no clock gets there, and no pause ends there.
    public static let inLine = Pauses.never - .days(1)

    /// A line of a workspace.
    public struct Key: Sendable, Hashable, Comparable {
        public var workspace: WorkspaceID
        public var line: MailLine

        public init(workspace: WorkspaceID, line: MailLine) { (self.workspace, self.line) = (workspace, line) }

        public static func < (left: Key, right: Key) -> Bool {
            (left.workspace, left.line.text) < (right.workspace, right.line.text)
        }
    }

    /// A mail that joins a line.
    public struct Joining: Sendable {
        public var message: Message
        public var line: MailLine
        /// The lower goes first.
        public var rank: Int32

        public init(message: Message, line: MailLine, rank: Int32) {
            (self.message, self.line, self.rank) = (message, line, rank)
        }
    }

    /// Has planned mails wait in line.
    ///
    /// - Parameter reasons: the bit of the gate's reasons that says so.
    public static func join(
        _ mails: [Joining], reasons: UInt32, now: Timestamp, machineNow: Timestamp, in session: PostgresSession
    ) throws {
        guard !mails.isEmpty else { return }
        try session.execute(
            """
            update messages m
            set due_at = \(inLine), look_at = null, retry_at = null, line = u.line, line_rank = u.rank,
                reasons = \(Int32(bitPattern: reasons)), saw = null
            from unnest(
                \(mails.map(\.message.contact.workspace)), \(mails.map(\.message.contact.contact)),
                \(mails.map(\.message.id)), \(mails.map(\.line.text)), \(mails.map(\.rank))
            ) as u (workspace_id, contact_id, message_id, line, rank)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
        var open = Set(mails.map { Key(workspace: $0.message.contact.workspace, line: $0.line) }).sorted()
        // One that is closed between the two statements is opened again.
        while !open.isEmpty {
            let (workspaces, lines) = (open.map(\.workspace), open.map(\.line.text))
            try session.execute(
                """
                insert into send_lines (workspace_id, line, next_at, served_at)
                select u.workspace_id, u.line, \(now), \(machineNow)
                from unnest(\(workspaces), \(lines)) as u (workspace_id, line)
                order by 1, 2 on conflict do nothing
                """)
            let held = Set(
                try session.query(
                    """
                    select l.workspace_id, l.line from send_lines l
                    join unnest(\(workspaces), \(lines)) as u (workspace_id, line) using (workspace_id, line)
                    order by 1, 2 for share of l
                    """
                ).compactMap(key))
            open.removeAll { held.contains($0) }
        }
    }

    /// Lines that may be served at domain time `now`, locked: those of transactional mail first, then one of each workspace in
    /// turn, whichever has waited longest. What others serve at this moment is left out.
    ///
    /// - Parameter stalled: `workspace site`, those that this mailer leaves alone.
    public static func lockReady(
        at now: Timestamp, withTopic: Bool, stalled: Set<String>, limit: Int32, in session: PostgresSession
    ) throws -> [Key] {
        let rows = try session.query(
            """
            select workspace_id, line from (
                select workspace_id, line, served_at, starts_with(line, 'transactional ') as goes_first,
                    row_number() over (
                        partition by workspace_id order by starts_with(line, 'transactional ') desc, served_at, line
                    ) as turn
                from send_lines where next_at <= \(now)
                    and (\(withTopic) or starts_with(line, 'transactional '))
                    and not workspace_id || ' ' || split_part(line, ' ', 3) = any(\(Array(stalled)))
            ) ready
            order by goes_first desc, turn, served_at, workspace_id, line limit \(limit)
            """)
        let ready = try rows.compactMap(key)
        guard !ready.isEmpty else { return [] }
        let locked = Set(
            try session.query(
                """
                select l.workspace_id, l.line from send_lines l
                join unnest(\(ready.map(\.workspace)), \(ready.map(\.line.text))) as u (workspace_id, line)
                    using (workspace_id, line)
                where l.next_at <= \(now) order by 1, 2 for update of l skip locked
                """
            ).compactMap(key))
        return ready.filter(locked.contains)
    }

    /// A mail at the head of its line.
    public struct Head: Sendable, Hashable {
        public var contact: ContactKey
        public var message: UniqueID
    }

    /// The first mails of lines, in their order.
    ///
    /// - Parameter lines: of each how many.
    public static func heads(
        _ lines: [(key: Key, limit: Int32)], in session: PostgresSession
    ) throws -> [Key: [Head]] {
        guard !lines.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.line, m.contact_id, m.message_id
            from unnest(
                \(lines.map(\.key.workspace)), \(lines.map(\.key.line.text)), \(lines.map(\.limit))
            ) as u (workspace_id, line, most)
            cross join lateral (
                select contact_id, message_id, line_rank, planned_at from messages m
                where m.workspace_id = u.workspace_id and m.line = u.line
                    and m.due_at = '9998-12-31 00:00:00+00' and m.line is not null
                order by m.line_rank, m.planned_at, m.message_id limit u.most
            ) m
            order by u.workspace_id, u.line, m.line_rank, m.planned_at, m.message_id
            """)
        var heads: [Key: [Head]] = [:]
        for row in rows {
            guard let key = try key(row) else { continue }
            let contact = ContactKey(workspace: key.workspace, contact: try row[2, as: UniqueID.self])
            heads[key, default: []].append(Head(contact: contact, message: try row[3, as: UniqueID.self]))
        }
        return heads
    }

    /// Takes mails out of their lines; whoever does claims them at once, and if it dies they are looked for from `lookAt`
    /// (machine time) on.
    public static func leave(_ mails: [Head], lookAt: Timestamp, in session: PostgresSession) throws {
        let sorted = mails.sorted { ($0.contact, $0.message) < ($1.contact, $1.message) }
        guard !sorted.isEmpty else { return }
        try session.execute(
            """
            update messages m set due_at = null, look_at = \(lookAt)
            from unnest(
                \(sorted.map(\.contact.workspace)), \(sorted.map(\.contact.contact)), \(sorted.map(\.message))
            ) as u (workspace_id, contact_id, message_id)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned' and m.due_at = \(inLine)
            """)
    }

    /// Notes that lines were served, and when they may be again; nil: they are empty, and closed.
    public static func note(
        _ lines: [Key: Timestamp?], machineNow: Timestamp, in session: PostgresSession
    ) throws {
        let open = lines.compactMap { key, next in next.map { (key, $0) } }.sorted { $0.0 < $1.0 }
        let empty = lines.filter { $0.value == nil }.map(\.key).sorted()
        try session.execute(
            """
            update send_lines l set next_at = u.next_at, served_at = \(machineNow)
            from unnest(\(open.map(\.0.workspace)), \(open.map(\.0.line.text)), \(open.map(\.1)))
                as u (workspace_id, line, next_at)
            where l.workspace_id = u.workspace_id and l.line = u.line
            """)
        try session.execute(
            """
            delete from send_lines l using unnest(\(empty.map(\.workspace)), \(empty.map(\.line.text))) as u (workspace_id, line)
            where l.workspace_id = u.workspace_id and l.line = u.line
            """)
    }

    /// Lets lines be served from `now` on, whatever was said of them: also by whoever serves one at this moment, who is waited
    /// for.
    public static func wake(_ lines: Set<Key>, at now: Timestamp, in session: PostgresSession) throws {
        let lines = lines.sorted()
        let (workspaces, texts) = (lines.map(\.workspace), lines.map(\.line.text))
        // A statement of its own: what is said of a line is looked at once nobody else can change it.
        try session.execute(
            """
            select from send_lines l join unnest(\(workspaces), \(texts)) as u (workspace_id, line) using (workspace_id, line)
            order by l.workspace_id, l.line for no key update of l
            """)
        try session.execute(
            """
            update send_lines l set next_at = \(now) from unnest(\(workspaces), \(texts)) as u (workspace_id, line)
            where l.workspace_id = u.workspace_id and l.line = u.line and l.next_at > \(now)
            """)
    }

    /// One line as it stands.
    public struct Standing: Sendable, Hashable {
        public var key: Key
        /// Domain time.
        public var nextAt: Timestamp
        /// Counted up to a limit.
        public var waiting: Int64
    }

    /// The lines, as far as the session may see them.
    ///
    /// - Parameter most: mails of one line that are counted.
    public static func all(most: Int64, in session: PostgresSession) throws -> [Standing] {
        try session.query(
            """
            select l.workspace_id, l.line, l.next_at, (
                select count(*) from (
                    select from messages m where m.workspace_id = l.workspace_id and m.line = l.line
                        and m.due_at = '9998-12-31 00:00:00+00' and m.line is not null limit \(most)) as part)
            from send_lines l order by 1, 2
            """
        ).compactMap { row in
            guard let key = try key(row) else { return nil }
            return Standing(key: key, nextAt: try row[2, as: Timestamp.self], waiting: try row[3, as: Int64.self])
        }
    }

    private static func key(_ row: PostgresRow) throws -> Key? {
        let (workspace, text) = (try row[0, as: WorkspaceID.self], try row[1, as: String.self])
        return MailLine(text).map { Key(workspace: workspace, line: $0) }
    }
}
