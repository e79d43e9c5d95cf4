public import Model
public import Postgres

extension Claims {
    /// A message that the gate keeps back.
    public struct Refusal: Sendable {
        public var message: Message
        /// The raw value of the send gate's reasons.
        public var reasons: UInt32
        /// What the gate saw beside them.
        public var saw: JSON?
        /// On what it would go, were it not kept back; nil where it has no basis, or needs none.
        public var basis: JSON?
        /// What the message is then.
        public var state: Message.State

        public init(
            message: Message, reasons: UInt32, saw: JSON? = nil, basis: JSON? = nil, state: Message.State
        ) {
            self.message = message
            self.reasons = reasons
            self.saw = saw
            self.basis = basis
            self.state = state
        }
    }

    /// Ends messages that the gate refuses, and wakes their runs.
    public static func skip(_ messages: [Refusal], now: Timestamp, in session: PostgresSession) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m
            set state = u.state, reasons = u.reasons, saw = u.saw, basis = u.basis, final_at = \(now), due_at = null,
                look_at = null
            from unnest(
                \(messages.map(\.message.contact.workspace)), \(messages.map(\.message.contact.contact)),
                \(messages.map(\.message.id)), \(messages.map { Int32(bitPattern: $0.reasons) }),
                \(messages.map(\.state.rawValue)), \(messages.map(\.saw)), \(messages.map(\.basis))
            ) as u (workspace_id, contact_id, message_id, reasons, state, saw, basis)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
        try Timers.ring(messages.map { ($0.message.contact, $0.message.run) }, at: now, in: session)
    }

    /// Holds messages until a later instant of domain time.
    public static func hold(
        _ messages: [(refusal: Refusal, until: Timestamp)], in session: PostgresSession
    ) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m
            set due_at = u.due_at, look_at = null, reasons = u.reasons, saw = u.saw, basis = u.basis
            from unnest(
                \(messages.map(\.refusal.message.contact.workspace)),
                \(messages.map(\.refusal.message.contact.contact)), \(messages.map(\.refusal.message.id)),
                \(messages.map { Int32(bitPattern: $0.refusal.reasons) }), \(messages.map(\.until)),
                \(messages.map(\.refusal.saw)), \(messages.map(\.refusal.basis))
            ) as u (workspace_id, contact_id, message_id, reasons, due_at, saw, basis)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
    }

    /// How the reply of a message begins that was set aside.
    static let setAsideMark = "set aside: "

    /// Ends planned messages that no mailer survives, and wakes their runs; ``Messages/takeUp(_:machineNow:in:)`` undoes it.
    public static func refuse(
        _ messages: [Message], because reason: String, now: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            update messages m
            set state = 'refused', reply = \(setAsideMark + reason), final_at = \(now), due_at = null, look_at = null,
                retry_at = null
            from unnest(
                \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.id))
            ) as u (workspace_id, contact_id, message_id)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned'
            """)
        try Timers.ring(messages.map { ($0.contact, $0.run) }, at: now, in: session)
    }

    /// Has mailers look at once for planned messages that this one leaves to whoever may claim them.
    public static func leave(_ messages: [Message], machineNow: Timestamp, in session: PostgresSession) throws {
        guard !messages.isEmpty else { return }
        try session.execute(
            """
            update messages m set look_at = \(machineNow)
            from unnest(
                \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.id))
            ) as u (workspace_id, contact_id, message_id)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state = 'planned' and m.look_at > \(machineNow)
            """)
    }

    /// Puts off due messages for which no claim succeeds: a second at first, then twice as long each time, up to a quarter of
    /// an hour. The caller has locked `send_state`.
    ///
    /// - Parameter messages: those of a revision, or with nil all that the contact has.
    /// - Returns: whether the reason is news.
    public static func postpone(
        _ messages: [(contact: ContactKey, revision: Int32?)], because reason: String, now: Timestamp,
        machineNow: Timestamp, in session: PostgresSession
    ) throws -> Bool {
        let reply = "not claimed: \(reason)"
        let rows = try session.query(
            """
            with put_off as (
                select m.workspace_id, m.contact_id, m.message_id, m.reply is distinct from \(reply) as is_news,
                    \(machineNow)::timestamptz + make_interval(secs => least(power(2, least(m.attempt, 20)), 900)) as again
                from unnest(
                    \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.revision))
                ) as u (workspace_id, contact_id, revision)
                join messages m using (workspace_id, contact_id)
                where m.state = 'planned' and m.revision = coalesce(u.revision, m.revision)
                    and (m.due_at is null or m.due_at <= \(now))
                    and (m.retry_at is null or m.retry_at <= \(machineNow) or m.retry_at > \(machineNow + longestWait))
                order by m.workspace_id, m.contact_id, m.message_id for no key update of m
            )
            update messages m
            set due_at = null, look_at = p.again, retry_at = p.again, attempt = m.attempt + 1, reply = \(reply)
            from put_off p
            where m.workspace_id = p.workspace_id and m.contact_id = p.contact_id and m.message_id = p.message_id
            returning p.is_news
            """)
        return try rows.contains { try $0[0, as: Bool.self] }
    }
}
