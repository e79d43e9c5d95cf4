public import Model
public import Postgres

/// When runs are to be looked at again.
public enum Timers {
    /// A run's own wake; stale when the run's version has moved on.
    public struct Wake: Sendable, Hashable {
        public var contact: ContactKey
        public var run: UniqueID
        public var version: Int32
        public var dueAt: Timestamp

        public init(contact: ContactKey, run: UniqueID, version: Int32, dueAt: Timestamp) {
            self.contact = contact
            self.run = run
            self.version = version
            self.dueAt = dueAt
        }
    }

    /// Sets wakes, replacing those the same runs had; the caller holds the contacts' locks.
    public static func arm(_ wakes: [Wake], in session: PostgresSession) throws {
        guard !wakes.isEmpty else { return }
        let sorted = wakes.sorted { ($0.contact, $0.run) < ($1.contact, $1.run) }
        try session.execute(
            """
            insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
            select u.w, u.contact, u.run, 'wake', u.version, u.due_at
            from unnest(
                \(sorted.map(\.contact.workspace)), \(sorted.map(\.contact.contact)), \(sorted.map(\.run)),
                \(sorted.map(\.version)), \(sorted.map(\.dueAt))) as u (w, contact, run, version, due_at)
            on conflict (workspace_id, contact_id, run_id, kind)
            do update set version = excluded.version, due_at = excluded.due_at
            """)
    }

    /// Lets runs know that a verdict of theirs is final: they are due at once. Never stale.
    ///
    /// A bell that rings already is touched, not passed over: whoever takes it waits for this transaction and so sees the
    /// verdict, or has taken it before and leaves room for a new one.
    static func ring(_ runs: [(contact: ContactKey, run: UniqueID)], at now: Timestamp, in session: PostgresSession)
        throws
    {
        guard !runs.isEmpty else { return }
        let sorted = Set(runs.map { Bell(contact: $0.contact, run: $0.run) }).sorted()
        try session.execute(
            """
            insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
            select u.w, u.contact, u.run, 'verdict', 0, \(now)
            from unnest(
                \(sorted.map(\.contact.workspace)), \(sorted.map(\.contact.contact)), \(sorted.map(\.run))
            ) as u (w, contact, run)
            on conflict (workspace_id, contact_id, run_id, kind)
            do update set due_at = least(timers.due_at, excluded.due_at)
            """)
    }

    private struct Bell: Hashable, Comparable {
        var contact: ContactKey
        var run: UniqueID

        static func < (left: Bell, right: Bell) -> Bool { (left.contact, left.run) < (right.contact, right.run) }
    }

    /// Contacts that have one of the `limit` earliest timers due at `now`, earliest first. Takes no lock: contacts are
    /// locked before timers.
    ///
    /// - Parameter start: only of those that were not due yet then.
    public static func dueContacts(
        after start: Timestamp = .distantPast, at now: Timestamp, limit: Int32, in session: PostgresSession
    ) throws -> [ContactKey] {
        let rows = try session.query(
            """
            select workspace_id, contact_id from (
                select workspace_id, contact_id, due_at from timers
                where due_at > \(start) and due_at <= \(now) order by due_at limit \(limit)
            ) due group by workspace_id, contact_id order by min(due_at), workspace_id, contact_id
            """)
        return try rows.map { try ContactKey(row: $0) }
    }

    /// The runs of a contact that have a timer due.
    public static func dueRuns(
        of contact: ContactKey, at now: Timestamp, in session: PostgresSession
    ) throws -> [UniqueID] {
        try session.query(
            """
            select distinct run_id from timers
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) and due_at <= \(now)
            order by run_id
            """
        ).map { try $0[0, as: UniqueID.self] }
    }

    /// Why a run is to be looked at.
    public struct Due: Sendable, Hashable {
        /// The earliest time that was due.
        public var at: Timestamp
        /// Whether a verdict of its is there; else time alone has called for it.
        public var hasVerdict: Bool
    }

    /// Removes the due timers of `contacts`, whose locks the caller holds.
    ///
    /// - Parameter run: the only run whose timers are taken; nil takes those of all.
    /// - Returns: for each contact that had one, the runs to look at: those with a verdict, and those whose wake is of their
    ///   present version. None where all were stale.
    public static func take(
        of contacts: some Collection<ContactKey>, run: UniqueID? = nil, at now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: [UniqueID: Due]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            with due as (
                select t.workspace_id, t.contact_id, t.run_id, t.kind
                from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
                join timers t using (workspace_id, contact_id)
                where t.due_at <= \(now) and t.run_id = coalesce(\(run), t.run_id)
                order by t.workspace_id, t.contact_id, t.run_id, t.kind
                for update of t
            ), taken as (
                delete from timers t using due d
                where t.workspace_id = d.workspace_id and t.contact_id = d.contact_id and t.run_id = d.run_id
                    and t.kind = d.kind
                returning t.workspace_id, t.contact_id, t.run_id, t.kind, t.version, t.due_at
            )
            select t.workspace_id, t.contact_id, r.run_id, t.due_at, t.kind = 'verdict'
            from taken t
            left join lateral (
                -- Run by run, however few the planner believes to be open.
                select r.run_id from runs r
                where r.workspace_id = t.workspace_id and r.contact_id = t.contact_id and r.run_id = t.run_id
                    and r.ended_at is null and (t.kind = 'verdict' or t.version = r.version)
                offset 0) r on true
            """)
        var taken: [ContactKey: [UniqueID: Due]] = [:]
        for row in rows {
            let due = Due(at: try row[3, as: Timestamp.self], hasVerdict: try row[4, as: Bool.self])
            let runs = try row[2, as: UniqueID?.self].map { [$0: due] } ?? [:]
            taken[try ContactKey(row: row), default: [:]].merge(runs) {
                Due(at: min($0.at, $1.at), hasVerdict: $0.hasVerdict || $1.hasVerdict)
            }
        }
        return taken
    }

    /// Removes the due timers of runs that cannot be stepped; what stands for them is set aside.
    ///
    /// - Parameter run: one run; nil are all that the contact has.
    public static func drop(
        of contact: ContactKey, run: UniqueID?, at now: Timestamp, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            delete from timers
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) and due_at <= \(now)
                and run_id = coalesce(\(run), run_id)
            """)
    }
}
