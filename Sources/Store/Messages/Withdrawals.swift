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
        try apply([withdrawal], now: now, in: session)[0]
    }

    /// Applies withdrawals as ``apply(_:now:in:)`` does one, all or none.
    ///
    /// - Returns: what each did, in their order.
    public static func apply(
        _ withdrawals: [RecordedWithdrawal], now: Timestamp, in session: PostgresSession
    ) throws -> [Applied] {
        guard !withdrawals.isEmpty else { return [] }
        let contacts = withdrawals.map(\.contact)
        let survivors = try Contacts.survivors(of: contacts, in: session)
        // Of somebody erased nothing is left to lock, and nothing is made.
        _ = try SendStates.lock(Array(survivors.values), in: session)
        guard try Contacts.survivors(of: contacts, in: session) == survivors else { throw StoreError.mergedMeanwhile }
        let links = withdrawals.map { Link(contact: survivors[$0.contact] ?? $0.contact, withdrawal: $0) }
        let addresses = try addresses(of: links, in: session)
        var ledger = try Consents.current(of: Set(links.map(\.contact)), in: session)
        var applied: [Applied] = []
        var entries: [Consents.Entry] = []
        for link in links {
            let address = addresses[link.withdrawal.message]
            let isThere = survivors[link.withdrawal.contact] != nil
            let entry = isThere ? link.entry(at: address, against: ledger[link.contact] ?? [], now: now) : nil
            if let entry {
                entries.append(entry)
                ledger[link.contact, default: []].append(entry)
            }
            applied.append(
                Applied(
                    contact: link.contact, topic: link.withdrawal.topic, address: address, withdrawn: 0,
                    event: entry.map { event(of: $0, link.withdrawal.message, now: now) }))
        }
        let withdrawn = try withdraw(entries, now: now, in: session)
        if let first = applied.firstIndex(where: { $0.event != nil }) { applied[first].withdrawn = withdrawn }
        return applied
    }

    /// A withdrawal and the contact that it concerns by now.
    private struct Link {
        var contact: ContactKey
        var withdrawal: RecordedWithdrawal

        /// The line to add to a contact's ledger; nil where the topic stands withdrawn already.
        ///
        /// - Parameter address: where the message went. Nil: the store has lost the message, since an older copy of the store
        ///   was restored; then the topic is withdrawn wherever the contact may get mail.
        func entry(at address: String?, against ledger: [Consents.Entry], now: Timestamp) -> Consents.Entry? {
            let lines = (address.map { ledger.holding(at: $0) } ?? ledger).filter {
                $0.topic == withdrawal.topic && $0.channel == "email"
            }
            let standing = lines.latest
            if let standing, standing.state == .withdrawn, address != nil || standing.address.isEmpty { return nil }
            // A consent dated ahead of the clock is withdrawn all the same: of two at one instant the withdrawal holds.
            return Consents.Entry(
                contact: contact, topic: withdrawal.topic, address: address ?? "", at: max(now, standing?.at ?? now),
                eventID: "withdrawal-\(withdrawal.message)", state: .withdrawn, wording: nil,
                source: withdrawal.means)
        }
    }

    /// Where the messages went whose links were used; none where the store does not know.
    private static func addresses(of links: [Link], in session: PostgresSession) throws -> [UniqueID: String] {
        let rows = try session.query(
            """
            select m.message_id, m.address
            from unnest(
                \(links.map(\.contact.workspace)), \(links.map(\.contact.contact)), \(links.map(\.withdrawal.message))
            ) as u (workspace_id, contact_id, message_id)
            join messages m using (workspace_id, contact_id, message_id)
            where m.address is not null
            """)
        return Dictionary(try rows.map { try $0.decode((UniqueID.self, String.self)) }) { first, _ in first }
    }

    private static func event(
        of entry: Consents.Entry, _ message: UniqueID, now: Timestamp
    ) -> AcceptedEvent {
        let properties = JSON.object([
            "topic": .string(entry.topic), "channel": .string(entry.channel), "address": .string(entry.address),
            "source": .string(entry.source),
            "message_id": .string(message.description),
        ])
        return AcceptedEvent(
            workspace: entry.contact.workspace, eventID: entry.eventID, call: .track,
            subject: .id(entry.contact.contact), name: EventNames.consentWithdrawn, sentTime: entry.at, at: entry.at,
            receivedAt: now, trust: .system, properties: properties.serialized)
    }

    /// What is on nobody's screen and in nobody's mailbox yet: also what is laid out for a visit.
    static let recallable: StaticString =
        """
        (m.state in ('planned', 'claimed')
            or m.channel = 'site' and m.state in ('handed', 'accepted') and m.shown_at is null)
        """

    /// Writes withdrawals to the ledger, raises the contacts' epochs and withdraws what is planned or claimed, or laid out for
    /// a visit.
    ///
    /// Takes the contacts' `send_state` locks, as claims do.
    ///
    /// - Returns: how many messages were withdrawn.
    @discardableResult
    public static func withdraw(
        _ entries: [Consents.Entry], now: Timestamp, in session: PostgresSession
    ) throws -> Int {
        guard !entries.isEmpty else { return 0 }
        let contacts = Set(entries.map(\.contact)).sorted()
        _ = try SendStates.lock(contacts, in: session)
        try SendStates.raiseEpoch(of: contacts, in: session)
        try Consents.append(entries, now: now, in: session)
        let rows = try session.query(
            """
            with standing as (
                select m.workspace_id, m.contact_id, m.message_id
                from unnest(
                    \(entries.map(\.contact.workspace)), \(entries.map(\.contact.contact)), \(entries.map(\.topic)),
                    \(entries.map(\.channel))
                ) as u (workspace_id, contact_id, topic, on_channel)
                join messages m using (workspace_id, contact_id, topic)
                where (on_channel = 'email' or m.channel = on_channel) and \(unescaped: recallable)
                order by m.workspace_id, m.contact_id, m.message_id for no key update of m
            )
            update messages m
            set state = 'withdrawn', final_at = \(now), claim_id = null, due_at = null, look_at = null
            from standing s
            where m.workspace_id = s.workspace_id and m.contact_id = s.contact_id and m.message_id = s.message_id
                and \(unescaped: recallable)
            returning m.workspace_id, m.contact_id, m.run_id
            """)
        try Timers.ring(
            try rows.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }, at: now, in: session)
        return rows.count
    }

    /// Withdraws consent to a topic on one channel besides e-mail, for whoever a message went to; doing it again changes
    /// nothing.
    ///
    /// - Returns: the event that tells the rest of the cluster; nil where there is nothing to do.
    /// - Throws: `StoreError.mergedMeanwhile`.
    public static func withdraw(
        _ withdrawal: RecordedWithdrawal, on channel: String, now: Timestamp, in session: PostgresSession
    ) throws -> AcceptedEvent? {
        let survivor = try Contacts.survivors(of: [withdrawal.contact], in: session)[withdrawal.contact]
        guard let survivor else { return nil }
        _ = try SendStates.lock([survivor], in: session)
        guard try Contacts.survivors(of: [survivor], in: session)[survivor] == survivor else {
            throw StoreError.mergedMeanwhile
        }
        guard
            let address = try addresses(of: [Link(contact: survivor, withdrawal: withdrawal)], in: session)[
                withdrawal.message]
        else { return nil }
        let lines = try Consents.current(of: [survivor], in: session)[survivor] ?? []
        let standing = lines.holding(at: address).first { $0.topic == withdrawal.topic && $0.channel == channel }
        if standing?.state.isRefusal == true { return nil }
        let entry = Consents.Entry(
            contact: survivor, topic: withdrawal.topic, channel: channel, address: address,
            at: max(now, standing?.at ?? now), eventID: "withdrawal-\(withdrawal.message)", state: .withdrawn,
            wording: nil, source: withdrawal.means)
        try withdraw([entry], now: now, in: session)
        return event(of: entry, withdrawal.message, now: now)
    }

    /// Enters complaints into the ledger: whoever calls a mail spam takes back every consent that they gave at the address.
    ///
    /// - Returns: the events that tell the rest of the cluster.
    public static func enter(
        complaints orders: [FailedAddresses.Suppressed], now: Timestamp, in session: PostgresSession
    ) throws -> [AcceptedEvent] {
        let complaints = orders.filter { $0.reason == Suppressions.complaint }
        let ledger = try Consents.current(of: Set(complaints.flatMap(\.contacts)), in: session)
        let lines = complaints.flatMap { order in
            order.contacts.flatMap { contact in
                (ledger[contact] ?? []).holding(at: order.address).filter {
                    $0.channel == "email" && $0.state == .given && $0.topic != EventNames.profilingTopic
                }.map { line in
                    let entry = Consents.Entry(
                        contact: contact, topic: line.topic, address: order.address, at: max(now, line.at),
                        eventID: "complaint-\(order.message)-\(line.topic)", state: .withdrawn, wording: nil,
                        source: "complaint")
                    return (entry: entry, message: order.message)
                }
            }
        }
        try withdraw(lines.map(\.entry), now: now, in: session)
        return lines.map { event(of: $0.entry, $0.message, now: now) }
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
