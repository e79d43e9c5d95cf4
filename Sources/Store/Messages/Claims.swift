public import Model
public import Postgres

/// How mailers take messages, hand them over and record what came of it (claim, hand, outcome, release).
///
/// Every step is fenced: it holds only where the attempt it was made for still is the message's attempt.
public enum Claims {
    /// A message in a mailer's hands.
    public struct Claimed: Sendable, Hashable {
        public var message: Message
        public var attempt: Int32
        /// The contact's epoch under which it was claimed.
        public var epoch: Int32
        /// How often a server has put it off.
        public var deferrals: Int32

        public init(message: Message, attempt: Int32, epoch: Int32, deferrals: Int32 = 0) {
            self.message = message
            self.attempt = attempt
            self.epoch = epoch
            self.deferrals = deferrals
        }
    }

    /// Contacts with planned messages that are due by domain time `now` and machine time `machineNow`, oldest first.
    ///
    /// The way to what no hint names any more: held and deferred messages, those of mailers that died, and fresh ones whose
    /// hint is five seconds late.
    public static func dueContacts(
        now: Timestamp, machineNow: Timestamp, limit: Int32, in session: PostgresSession
    ) throws -> [ContactKey] {
        try session.query(
            """
            select distinct workspace_id, contact_id from (
                select workspace_id, contact_id from messages
                where state = 'planned' and due_at <= \(now) and (retry_at is null or retry_at <= \(machineNow))
                    and (attempt > 0 or reasons <> 0 or due_at <= \(now - .seconds(5)))
                order by due_at limit \(limit)) due
            """
        ).map { try ContactKey(row: $0) }
    }

    /// The due messages of `contacts`, whose `send_state` the caller has locked.
    public static func due(
        of contacts: some Collection<ContactKey>, epochs: [ContactKey: Int32], now: Timestamp,
        machineNow: Timestamp, in session: PostgresSession
    ) throws -> [Claimed] {
        let rows = try session.query(
            """
            select \(unescaped: columns), m.attempt, m.deferrals
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join messages m using (workspace_id, contact_id)
            where m.state = 'planned' and m.due_at <= \(now)
                and (m.retry_at is null or m.retry_at <= \(machineNow))
            order by m.workspace_id, m.contact_id, m.planned_at, m.message_id
            """)
        return try rows.map { row in
            let message = try Message(row: row)
            return Claimed(
                message: message, attempt: try row[11, as: Int32.self] + 1, epoch: epochs[message.contact] ?? 0,
                deferrals: try row[12, as: Int32.self])
        }
    }

    /// Opens a claim of a mailer that lasts until `expiresAt` (machine time).
    public static func open(
        _ claim: UniqueID, mailer: String, expiresAt: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            "insert into claims (claim_id, mailer, expires_at) values (\(claim), \(mailer), \(expiresAt))")
    }

    /// Marks messages claimed that the gate lets through until `validUntil` (domain time).
    public static func claim(
        _ messages: [(claimed: Claimed, address: String, validUntil: Timestamp)], under claim: UniqueID,
        in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m
            set state = 'claimed', attempt = u.attempt, epoch = u.epoch, valid_until = u.valid_until,
                address = u.address, claim_id = \(claim), retry_at = null
            from unnest(
                \(messages.map(\.claimed.message.contact.workspace)),
                \(messages.map(\.claimed.message.contact.contact)), \(messages.map(\.claimed.message.id)),
                \(messages.map(\.claimed.attempt)), \(messages.map(\.claimed.epoch)), \(messages.map(\.validUntil)),
                \(messages.map(\.address))
            ) as u (workspace_id, contact_id, message_id, attempt, epoch, valid_until, address)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
    }

    /// Ends messages that the gate refuses, and wakes their runs.
    public static func skip(
        _ messages: [(message: Message, reasons: UInt32, state: Message.State)], now: Timestamp,
        in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m set state = u.state, reasons = u.reasons, final_at = \(now)
            from unnest(
                \(messages.map(\.message.contact.workspace)), \(messages.map(\.message.contact.contact)),
                \(messages.map(\.message.id)), \(messages.map { Int32(bitPattern: $0.reasons) }),
                \(messages.map(\.state.rawValue))
            ) as u (workspace_id, contact_id, message_id, reasons, state)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
        try Timers.ring(messages.map { ($0.message.contact, $0.message.run) }, at: now, in: session)
    }

    /// Holds messages until a later instant of domain time.
    public static func hold(
        _ messages: [(message: Message, reasons: UInt32, until: Timestamp)], in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m set due_at = u.due_at, reasons = u.reasons
            from unnest(
                \(messages.map(\.message.contact.workspace)), \(messages.map(\.message.contact.contact)),
                \(messages.map(\.message.id)), \(messages.map { Int32(bitPattern: $0.reasons) }),
                \(messages.map(\.until))
            ) as u (workspace_id, contact_id, message_id, reasons, due_at)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
    }

    /// Marks messages handed just before their final dot, and wakes their runs.
    ///
    /// - Returns: the ids of those that may go: claimed still, of this attempt, of the contact's present epoch, and valid at
    ///   `now`. The others must lose their connection.
    public static func hand(
        _ messages: [Claimed], now: Timestamp, in session: PostgresSession
    ) throws -> Set<UniqueID> {
        let sorted = messages.sorted { ($0.message.contact, $0.message.id) < ($1.message.contact, $1.message.id) }
        let contacts = sorted.map(\.message.contact)
        // The lock that withdrawals take too: whichever of the two comes second sees what the first has done.
        let epochs = try SendStates.lock(contacts, in: session)
        let rows = try session.query(
            """
            update messages m set state = 'handed', handed_at = coalesce(m.handed_at, \(now))
            from unnest(
                \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(sorted.map(\.message.id)),
                \(sorted.map(\.attempt)), \(contacts.map { epochs[$0] ?? 0 })
            ) as u (workspace_id, contact_id, message_id, attempt, epoch)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'claimed' and m.attempt = u.attempt and m.epoch = u.epoch and \(now) < m.valid_until
            returning m.message_id
            """)
        let handed = Set(try rows.map { try $0[0, as: UniqueID.self] })
        let runs = sorted.filter { handed.contains($0.message.id) }.map { ($0.message.contact, $0.message.run) }
        try Timers.ring(runs, at: now, in: session)
        return handed
    }

    /// What came of an attempt.
    public enum Outcome: Sendable, Hashable {
        case accepted
        case refused
        case unknown
        /// The server put it off: planned again, not before this machine time.
        case deferred(retryAt: Timestamp)
        /// Not handed, and no fault of the message: planned again, not before this machine time.
        case returned(retryAt: Timestamp)
    }

    /// Records outcomes where the attempt is still the message's own, whoever its contact has merged into meanwhile.
    ///
    /// - Returns: the ids that took it; for the others another mailer or the release was first.
    public static func settle(
        _ outcomes: [(claimed: Claimed, outcome: Outcome, reply: String?)], now: Timestamp,
        in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !outcomes.isEmpty else { return [] }
        let sorted = outcomes.sorted {
            ($0.claimed.message.contact, $0.claimed.message.id) < ($1.claimed.message.contact, $1.claimed.message.id)
        }
        let rows = try session.query(
            """
            update messages m
            set state = u.state, retry_at = u.retry_at, reply = coalesce(u.reply, m.reply), claim_id = null,
                deferrals = m.deferrals + u.deferrals,
                final_at = case when u.state = 'planned' then null else \(now) end
            from unnest(
                \(sorted.map(\.claimed.message.contact.workspace)), \(sorted.map(\.claimed.message.id)),
                \(sorted.map(\.claimed.attempt)), \(sorted.map(\.outcome.state.rawValue)),
                \(sorted.map(\.outcome.retryAt)), \(sorted.map(\.outcome.deferrals)), \(sorted.map(\.reply))
            ) as u (workspace_id, message_id, attempt, state, retry_at, deferrals, reply)
            where m.workspace_id = u.workspace_id and m.message_id = u.message_id
                and m.state in ('claimed', 'handed') and m.attempt = u.attempt
            returning m.workspace_id, m.contact_id, m.run_id, m.message_id, m.handed_at is null and m.state <> 'planned'
            """)
        // A run that was not woken by the hand-over is by the end.
        let unheard = try rows.filter { try $0[4, as: Bool.self] }
        try Timers.ring(
            try unheard.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }, at: now, in: session)
        return Set(try rows.map { try $0[3, as: UniqueID.self] })
    }

    /// Ends a claim, unless one of its messages is not settled: then it is left to expire.
    public static func close(_ claim: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            delete from claims where claim_id = \(claim) and not exists (
                select from messages where claim_id = \(claim) and state in ('claimed', 'handed'))
            """)
    }

    /// Prolongs a claim of a mailer that is alive.
    ///
    /// - Returns: false where it had expired and was released: its messages are no longer this mailer's.
    public static func renew(_ claim: UniqueID, until expiresAt: Timestamp, in session: PostgresSession) throws -> Bool
    {
        try session.execute("update claims set expires_at = \(expiresAt) where claim_id = \(claim)") == 1
    }

    /// Releases claims that expired before `machineNow`: their claimed messages are planned again, their handed ones become
    /// unknown.
    ///
    /// - Returns: the messages that became unknown.
    public static func releaseExpired(
        before machineNow: Timestamp, now: Timestamp, in session: PostgresSession
    ) throws -> [Message] {
        let expired = try session.query(
            "delete from claims where expires_at < \(machineNow) returning claim_id"
        ).map { try $0[0, as: UniqueID.self] }
        guard !expired.isEmpty else { return [] }
        let rows = try session.query(
            """
            update messages m
            set state = case m.state when 'claimed' then 'planned' else 'unknown' end, claim_id = null,
                attempt = m.attempt + 1, final_at = case m.state when 'claimed' then null else \(now) end
            where m.claim_id = any(\(expired)) and m.state in ('claimed', 'handed')
            returning \(unescaped: columns), m.state
            """)
        return try rows.filter { try $0[11, as: String.self] == "unknown" }.map(Message.init)
    }

    private static let columns: StaticString =
        """
        m.workspace_id, m.contact_id, m.message_id, m.run_id, m.journey, m.step, m.visit, m.revision, m.template, m.topic,
        m.planned_at
        """
}

extension Message {
    /// Reads the first eleven columns of a row.
    fileprivate init(row: PostgresRow) throws {
        self.init(
            contact: try ContactKey(row: row), id: try row[2, as: UniqueID.self], run: try row[3, as: UniqueID.self],
            journey: try row[4, as: String.self], step: try row[5, as: String.self],
            visit: try row[6, as: Int32.self], revision: try row[7, as: Int32.self],
            template: try row[8, as: String.self], topic: try row[9, as: String?.self],
            plannedAt: try row[10, as: Timestamp.self])
    }
}

extension Claims.Outcome {
    var state: Message.State {
        switch self {
        case .accepted: .accepted
        case .refused: .refused
        case .unknown: .unknown
        case .deferred, .returned: .planned
        }
    }

    var retryAt: Timestamp? {
        switch self {
        case .deferred(let retryAt), .returned(let retryAt): retryAt
        case .accepted, .refused, .unknown: nil
        }
    }

    var deferrals: Int32 {
        if case .deferred = self { 1 } else { 0 }
    }
}
