public import Model
public import Postgres

/// What failed mails say of the addresses that they went to: which get no mail from now on.
///
/// In one transaction with the record of the failure: ``lock(_:in:)`` first, then the record, then ``judge(_:of:marking:now:in:)``.
public enum FailedAddresses {
    /// What a failed mail says of its address.
    public enum Verdict: Sendable, Hashable {
        /// It is no address: no mail goes there any more.
        case invalid
        /// It took nothing this time; where it never does, no mail goes there any more.
        case tookNothing
        /// Whoever reads it wants no marketing.
        case complained
    }

    /// A failed mail.
    public struct Fault: Sendable, Hashable {
        public var contact: ContactKey
        public var message: UniqueID
        /// As addresses are compared.
        public var address: String
        public var verdict: Verdict
        /// What the server said.
        public var words: String?

        public init(contact: ContactKey, message: UniqueID, address: String, verdict: Verdict, words: String?) {
            self.contact = contact
            self.message = message
            self.address = address.comparedAddress
            self.verdict = verdict
            self.words = words
        }

        fileprivate var place: Place { Place(workspace: contact.workspace, address: address) }
    }

    /// Who gets mail at the addresses of faults, their locks held.
    public struct Reached: Sendable {
        fileprivate var contacts: [Place: [ContactKey]]
    }

    fileprivate struct Place: Hashable, Comparable {
        var workspace: WorkspaceID
        var address: String

        static func < (left: Place, right: Place) -> Bool {
            (left.workspace, left.address) < (right.workspace, right.address)
        }
    }

    /// An address that gets no mail from now on, or less than before.
    public struct Suppressed: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var address: String
        /// One of ``Suppressions/reasons``.
        public var reason: String
        /// The mail by which it is known.
        public var message: UniqueID
        public var words: String?
        /// Who gets mail there.
        public var contacts: [ContactKey]
    }

    /// A box that takes nothing is given up after so many mails,
    public static let mostFailures: Int64 = 3
    /// over so long, with none delivered between them.
    public static let patience = Span.days(15)

    /// Takes the locks under which claims see suppressions; before anything else is locked.
    ///
    /// - Throws: `StoreError.mergedMeanwhile`: try again.
    public static func lock(_ faults: [Fault], in session: PostgresSession) throws -> Reached {
        guard !faults.isEmpty else { return Reached(contacts: [:]) }
        let places = Set(faults.map(\.place)).sorted()
        let rows = try session.query(
            """
            select u.workspace_id, c.contact_id, u.address
            from unnest(\(places.map(\.workspace)), \(places.map(\.address))) as u (workspace_id, address)
            join contacts c on c.workspace_id = u.workspace_id and c.merged_into is null and c.attributes ? 'email'
                and lower(c.attributes ->> 'email') = u.address
            """)
        var contacts: [Place: [ContactKey]] = [:]
        for row in rows {
            let contact = try ContactKey(row: row)
            let place = Place(workspace: contact.workspace, address: try row[2, as: String.self])
            contacts[place, default: []].append(contact)
        }
        _ = try SendStates.lock(contacts.values.flatMap(\.self) + faults.map(\.contact), in: session)
        return Reached(contacts: contacts)
    }

    /// Suppresses the addresses that have to be, and withdraws what is planned or claimed for them.
    ///
    /// - Parameters:
    ///   - faults: those whose record took effect.
    ///   - reasons: how withdrawn messages are marked: the bits of the gate's reasons.
    public static func judge(
        _ faults: [Fault], of reached: Reached, marking reasons: UInt32, now: Timestamp, in session: PostgresSession
    ) throws -> [Suppressed] {
        let worn = try worn(faults.filter { $0.verdict == .tookNothing }, reached, in: session)
        let orders = faults.compactMap { fault -> Suppressed? in
            if fault.verdict == .tookNothing, !worn.contains(fault.place) { return nil }
            return Suppressed(
                workspace: fault.contact.workspace, address: fault.address,
                reason: fault.verdict == .complained ? Suppressions.complaint : Suppressions.invalid,
                message: fault.message, words: fault.words,
                contacts: (reached.contacts[fault.place] ?? []).sorted())
        }
        let suppressed = try suppress(orders, now: now, in: session)
        try withdraw(from: suppressed, marking: reasons, now: now, in: session)
        return suppressed
    }

    /// The addresses that have taken nothing for long: counted are the mails that failed since the last one that was handed
    /// over before this and has not come back.
    private static func worn(
        _ faults: [Fault], _ reached: Reached, in session: PostgresSession
    ) throws -> Set<Place> {
        let mails = faults.flatMap { fault in
            // Whoever has another address by now got it there.
            Set((reached.contacts[fault.place] ?? []) + [fault.contact]).map { (fault: fault, contact: $0) }
        }
        guard !mails.isEmpty else { return [] }
        let rows = try session.query(
            """
            with mails as (
                select u.address, m.workspace_id, m.message_id, m.state, m.failure,
                    coalesce(m.handed_at, m.final_at) as at, m.message_id = u.message_id as is_this
                from unnest(
                    \(mails.map(\.contact.workspace)), \(mails.map(\.contact.contact)), \(mails.map(\.fault.message)),
                    \(mails.map(\.fault.address))
                ) as u (workspace_id, contact_id, message_id, address)
                join messages m on m.workspace_id = u.workspace_id and m.contact_id = u.contact_id
                    and lower(m.address) = u.address and m.channel = 'email'
                    and (m.state in ('accepted', 'refused') or m.state = 'expired' and m.failure = 'mailbox')
            ), this as (
                select workspace_id, address, max(at) as at from mails where is_this group by 1, 2
            ), delivered as (
                select m.workspace_id, m.address, max(m.at) as at from mails m
                join this t on t.workspace_id = m.workspace_id and t.address = m.address
                where m.state = 'accepted' and m.failure is null and m.at < t.at group by 1, 2
            )
            select m.workspace_id, m.address, count(distinct m.message_id), min(m.at), max(m.at)
            from mails m
            left join delivered d on d.workspace_id = m.workspace_id and d.address = m.address
            where m.failure in ('mailbox', 'unclear') and m.at > coalesce(d.at, '-infinity')
            group by 1, 2
            """)
        return try rows.reduce(into: []) { worn, row in
            let (workspace, address, count, first, last) = try row.decode(
                (WorkspaceID.self, String.self, Int64.self, Timestamp.self, Timestamp.self))
            if count >= mostFailures, last - first >= patience {
                worn.insert(Place(workspace: workspace, address: address))
            }
        }
    }

    /// One that stands stays, but where it stops less.
    private static func suppress(
        _ orders: [Suppressed], now: Timestamp, in session: PostgresSession
    ) throws -> [Suppressed] {
        guard !orders.isEmpty else { return [] }
        let rows = try session.query(
            """
            insert into suppressions as s (workspace_id, address, reason, at, detail)
            select distinct on (u.w, u.address) u.w, u.address, u.reason, \(now)::timestamptz, u.words
            from unnest(
                \(orders.map(\.workspace)), \(orders.map(\.address)), \(orders.map(\.reason)), \(orders.map(\.words))
            ) as u (w, address, reason, words)
            order by u.w, u.address, u.reason = \(Suppressions.invalid) desc
            on conflict (workspace_id, address) do update
            set reason = excluded.reason, at = excluded.at, detail = excluded.detail
            where s.reason in (\(Suppressions.complaint), 'marketing') and excluded.reason = \(Suppressions.invalid)
            returning workspace_id, address, reason
            """)
        var taken: [Suppressed] = []
        for row in rows {
            let (workspace, address, reason) = try row.decode((WorkspaceID.self, String.self, String.self))
            let order = orders.first {
                $0.workspace == workspace && $0.address == address && $0.reason == reason
            }
            if let order { taken.append(order) }
        }
        return taken
    }

    /// What a complaint stops is marketing, wherever it would be shown; what does not arrive is mail.
    private static func withdraw(
        from orders: [Suppressed], marking reasons: UInt32, now: Timestamp, in session: PostgresSession
    ) throws {
        let concerned = orders.flatMap { order in order.contacts.map { (contact: $0, order: order) } }
        guard !concerned.isEmpty else { return }
        try SendStates.raiseEpoch(of: concerned.map(\.contact), in: session)
        let rows = try session.query(
            """
            with standing as (
                select m.workspace_id, m.contact_id, m.message_id
                from unnest(
                    \(concerned.map(\.contact.workspace)), \(concerned.map(\.contact.contact)),
                    \(concerned.map { $0.order.reason == Suppressions.complaint })
                ) as u (workspace_id, contact_id, is_complaint)
                join messages m using (workspace_id, contact_id)
                where \(unescaped: Withdrawals.recallable)
                    and case when u.is_complaint then m.topic is not null else m.channel = 'email' end
                order by m.workspace_id, m.contact_id, m.message_id for no key update of m
            )
            update messages m
            set state = 'withdrawn', final_at = \(now), claim_id = null, due_at = null, look_at = null,
                reasons = \(Int32(bitPattern: reasons))
            from standing s
            where m.workspace_id = s.workspace_id and m.contact_id = s.contact_id and m.message_id = s.message_id
                and \(unescaped: Withdrawals.recallable)
            returning m.workspace_id, m.contact_id, m.run_id
            """)
        try Timers.ring(
            try rows.map { (try ContactKey(row: $0), try $0[2, as: UniqueID.self]) }, at: now, in: session)
    }
}
