public import Contracts
public import Model
public import Postgres

/// Withdrawal of consent: from the answer on, no hand-over of the topic begins.
public enum Withdrawals {
    /// What a withdrawal did.
    public struct Applied: Sendable, Hashable {
        public var contact: ContactKey
        public var topic: String
        public var address: String?
        /// Messages of the topic that will not go now.
        public var withdrawn: Int
        /// The event that tells the rest of the cluster; the caller puts it into the outbox.
        public var event: AcceptedEvent?
    }

    /// Applies a withdrawal made through a message's link, in the caller's transaction.
    ///
    /// Applying it again changes nothing. A message or contact that is gone (erased) applies as nothing to do.
    ///
    /// - Throws: `StoreError.mergedMeanwhile` when the contact merged into another before its lock was had.
    public static func apply(
        _ withdrawal: RecordedWithdrawal, now: Timestamp, in session: PostgresSession
    ) throws -> Applied {
        let key = try survivor(of: withdrawal.contact, in: session)
        _ = try SendStates.lock([key], in: session)
        guard try survivor(of: withdrawal.contact, in: session) == key else { throw StoreError.mergedMeanwhile }
        let address = try session.query(
            """
            select address from messages
            where workspace_id = \(key.workspace) and message_id = \(withdrawal.message)
            """
        ).first.flatMap { try $0[0, as: String?.self] }
        guard let address else {
            return Applied(contact: key, topic: withdrawal.topic, address: nil, withdrawn: 0, event: nil)
        }
        let eventID = "withdrawal-\(withdrawal.message)"
        let standing = try Consents.current(of: [key], in: session)[key, default: []].holding(at: address).first {
            $0.topic == withdrawal.topic && $0.channel == "email"
        }
        if standing?.state == .withdrawn {
            return Applied(contact: key, topic: withdrawal.topic, address: address, withdrawn: 0, event: nil)
        }
        // A consent dated ahead of the clock is withdrawn all the same: of two at one instant the withdrawal holds.
        let at = max(now, standing?.at ?? now)
        let entry = Consents.Entry(
            contact: key, topic: withdrawal.topic, address: address, at: at, eventID: eventID, state: .withdrawn,
            wording: nil, source: withdrawal.means)
        let withdrawn = try withdraw([entry], now: now, in: session)
        let properties = JSON.object([
            "topic": .string(entry.topic), "address": .string(entry.address), "source": .string(entry.source),
            "message_id": .string(withdrawal.message.description),
        ])
        let event = AcceptedEvent(
            workspace: key.workspace, eventID: eventID, call: .track,
            subject: .id(key.contact), name: EventNames.consentWithdrawn, sentTime: at, at: at, receivedAt: now,
            trust: .system, properties: properties.serialized)
        return Applied(
            contact: key, topic: entry.topic, address: address, withdrawn: withdrawn, event: event)
    }

    private static func survivor(of contact: ContactKey, in session: PostgresSession) throws -> ContactKey {
        try Contacts.survivors(of: [contact], in: session)[contact] ?? contact
    }

    /// Writes withdrawals to the ledger, raises the contacts' epochs and withdraws what is planned or claimed.
    ///
    /// Takes the contacts' `send_state` locks, as claims do.
    ///
    /// - Returns: how many messages were withdrawn.
    @discardableResult
    public static func withdraw(
        _ entries: [Consents.Entry], now: Timestamp, in session: PostgresSession
    ) throws -> Int {
        guard !entries.isEmpty else { return 0 }
        let contacts = Array(Set(entries.map(\.contact)))
        _ = try SendStates.lock(contacts, in: session)
        try SendStates.raiseEpoch(of: contacts, in: session)
        try Consents.append(entries, now: now, in: session)
        let rows = try session.query(
            """
            update messages m set state = 'withdrawn', final_at = \(now), claim_id = null
            from unnest(
                \(entries.map(\.contact.workspace)), \(entries.map(\.contact.contact)), \(entries.map(\.topic))
            ) as u (workspace_id, contact_id, topic)
            where m.workspace_id = u.workspace_id and m.contact_id = u.contact_id and m.topic = u.topic
                and m.state in ('planned', 'claimed')
            returning m.workspace_id, m.contact_id, m.run_id
            """)
        try Timers.ring(
            try rows.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }, at: now, in: session)
        return rows.count
    }

    /// Messages of a topic that are at their final dot right now: the answer waits for these, 2 s at most.
    public static func handedRemaining(
        _ contact: ContactKey, topic: String, in session: PostgresSession
    ) throws -> Int {
        try session.query(
            """
            select count(*) from messages
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) and topic = \(topic)
                and state = 'handed'
            """
        ).first.map { Int(try $0[0, as: Int64.self]) } ?? 0
    }
}
