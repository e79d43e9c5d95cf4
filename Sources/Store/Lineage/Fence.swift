public import Model
public import Postgres

/// Lets mailers send again after a restore, without anything being sent twice.
public enum Fence {
    /// What to do.
    public struct Order: Sendable {
        public var id: UniqueID
        public var by: String
        /// Domain time: to when the store was restored.
        public var restoredAt: Timestamp
        /// Domain time: until when mails may have been sent that the store does not know of.
        public var sentUntil: Timestamp

        public init(id: UniqueID, by: String, restoredAt: Timestamp, sentUntil: Timestamp) {
            self.id = id
            self.by = by
            self.restoredAt = restoredAt
            self.sentUntil = sentUntil
        }
    }

    /// What was done.
    public struct Report: Sendable {
        public var lineage: Lineage
        /// Messages that are unknown now, by the state they had.
        public var madeUnknown: [Message.State: Int]
        public var messages: [Message]
        /// Held or deferred to after ``Order/sentUntil``: they cannot have gone out, and still will.
        public var spared: Int
    }

    /// A mark of another generation stands before all that were published until now.
    private static let generation: Int64 = 1 << 40

    /// Makes unknown what may have been sent, and accepts the store as it stands.
    ///
    /// What mailers had in their hands and what was planned becomes unknown where its cause is no later than
    /// `sentUntil`. What is planned later from such a cause (a timer that was due then fires again) becomes unknown when a
    /// mailer comes to claim it.
    ///
    /// - Throws: `StoreError.lineageChanged` on a standby.
    public static func raise(
        _ order: Order, machineNow: Timestamp, in session: PostgresSession
    ) throws -> Report {
        let standing = try Lineages.standing(in: session)
        guard let actual = standing.actual else { throw StoreError.lineageChanged }
        let spared = try spare(order, in: session)
        let doubtful = try session.query(
            """
            select m.workspace_id, m.contact_id, m.message_id, m.state from messages m
            where ((m.due_at is not null or m.look_at is not null)
                    or (m.workspace_id, m.contact_id, m.message_id) in (
                        select workspace_id, contact_id, message_id from open_messages))
                and m.state in ('planned', 'claimed', 'handed')
                and coalesce(m.cause_at, m.planned_at) <= \(order.sentUntil)
            order by m.workspace_id, m.contact_id, m.message_id for no key update
            """)
        let keys = try doubtful.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }
        var counts: [Message.State: Int] = [:]
        for row in doubtful {
            if let state = Message.State(rawValue: try row[3, as: String.self]) { counts[state, default: 0] += 1 }
        }
        let messages = try Claims.doubt(keys, in: session)
        try session.execute(
            """
            delete from claims c where not exists (select from open_messages o where o.claim_id = c.claim_id)
            """)
        try session.execute(
            """
            update lineage
            set system_id = \(actual.system), timeline = \(actual.timeline), database_id = \(actual.database),
                mark = (mark / \(generation) + 1) * \(generation), refusal = null, refused_at = null,
                sent_until = greatest(sent_until, \(order.sentUntil)), accepted_at = \(machineNow),
                accepted_by = \(order.by)
            """)
        try session.execute(
            """
            insert into fences (
                fence_id, fenced_at, fenced_by, restored_at, sent_until, refusal, was_lineage, is_lineage, made_unknown)
            values (
                \(order.id), \(machineNow), \(order.by), \(order.restoredAt), \(order.sentUntil), \(standing.refusal),
                \(standing.recorded?.description), \(actual.description), \(Int64(messages.count)))
            """)
        return Report(lineage: actual, madeUnknown: counts, messages: messages, spared: spared)
    }

    /// Messages that were put off to after the time in question cannot have gone out: their cause is the end of that.
    private static func spare(_ order: Order, in session: PostgresSession) throws -> Int {
        // Deferrals are kept in machine time, which only a real clock shares.
        let isReal = try DomainClock.mode(in: session) == .real
        return try session.execute(
            """
            update messages set cause_at = greatest(due_at, case when \(isReal) then retry_at end)
            where (due_at is not null or look_at is not null) and state = 'planned'
                and coalesce(cause_at, planned_at) <= \(order.sentUntil)
                and greatest(due_at, case when \(isReal) then retry_at end) > \(order.sentUntil)
            """)
    }
}

extension Claims {
    static let doubt = "it may have been sent before the store was restored"

    /// Ends messages as unknown that may have been sent from a store that is gone, and wakes their runs. They count as
    /// settled when their cause happened, so that what waits for them goes on as it did there. A mailer that was there all the
    /// while and knows the end of one is believed, as after a claim that expired.
    ///
    /// - Returns: those that were ended.
    @discardableResult
    public static func doubt(
        _ messages: [(contact: ContactKey, id: UniqueID)], in session: PostgresSession
    ) throws -> [Message] {
        guard !messages.isEmpty else { return [] }
        let rows = try session.query(
            """
            update messages m
            set state = 'unknown', final_at = coalesce(m.handed_at, m.cause_at, m.planned_at), claim_id = null,
                due_at = null, look_at = null, attempt = m.attempt + 1, reply = \(doubt)
            from unnest(
                \(messages.map(\.contact.workspace)), \(messages.map(\.contact.contact)), \(messages.map(\.id))
            ) as u (workspace_id, contact_id, message_id)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.message_id = u.message_id
                and m.state in ('planned', 'claimed', 'handed')
            returning \(unescaped: columns), m.final_at
            """)
        let ended = try rows.map { (message: try Message(row: $0), at: try $0[13, as: Timestamp.self]) }
        for (at, ended) in Dictionary(grouping: ended, by: \.at) {
            try Timers.ring(ended.map { ($0.message.contact, $0.message.run) }, at: at, in: session)
        }
        return ended.map(\.message)
    }
}
