public import Model
public import Postgres

/// When contacts are to be evaluated again though nothing happens: one row a contact, changed under its lock alone.
///
/// Armed lazily: a row is brought forward when something falls due earlier, and put off only once it has come due and been
/// looked at. What a due row costs does not depend on how many wait.
public enum Wakes {
    /// Brings wakes forward, or makes them; a row that is due earlier stays. The caller holds the contacts' locks.
    public static func arm(_ wakes: [ContactKey: Timestamp], in session: PostgresSession) throws {
        guard !wakes.isEmpty else { return }
        let contacts = wakes.keys.sorted()
        try session.execute(
            """
            insert into wakes as w (workspace_id, contact_id, due_at)
            select * from unnest(
                \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(contacts.map { wakes[$0]! }))
            on conflict (workspace_id, contact_id) do update set due_at = excluded.due_at
            where excluded.due_at < w.due_at
            """)
    }

    /// Sets the wakes of contacts that were looked at whole: to the given instants, or to none. The caller holds the
    /// contacts' locks.
    public static func set(_ wakes: [ContactKey: Timestamp?], in session: PostgresSession) throws {
        let gone = wakes.filter { $0.value == nil }.keys.sorted()
        if !gone.isEmpty {
            try session.execute(
                """
                delete from wakes w using unnest(\(gone.map(\.workspace)), \(gone.map(\.contact))) as u (w, contact)
                where w.workspace_id = u.w and w.contact_id = u.contact
                """)
        }
        let held = wakes.compactMapValues(\.self)
        guard !held.isEmpty else { return }
        let contacts = held.keys.sorted()
        try session.execute(
            """
            insert into wakes (workspace_id, contact_id, due_at)
            select * from unnest(
                \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(contacts.map { held[$0]! }))
            on conflict (workspace_id, contact_id) do update set due_at = excluded.due_at
            """)
    }

    /// The contacts of the `limit` earliest wakes that are due at `now`. Takes no lock: contacts are locked before wakes.
    public static func dueContacts(
        at now: Timestamp, limit: Int32, in session: PostgresSession
    ) throws -> [ContactKey] {
        try session.query(
            """
            select workspace_id, contact_id from wakes where due_at <= \(now)
            order by due_at, workspace_id, contact_id limit \(limit)
            """
        ).map { try ContactKey(row: $0) }
    }

    /// When those of `contacts` that are due at `now` fell due; the caller holds their locks.
    public static func due(
        of contacts: some Collection<ContactKey>, at now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: Timestamp] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select w.workspace_id, w.contact_id, w.due_at
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join wakes w using (workspace_id, contact_id)
            where w.due_at <= \(now)
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try ContactKey(row: $0), try $0[2, as: Timestamp.self]) })
    }

    /// Takes the wakes of those of `contacts` that are due at `now`, and tells when they fell due; the caller holds their
    /// locks, and arms what comes next.
    public static func take(
        of contacts: some Collection<ContactKey>, at now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: Timestamp] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            delete from wakes w
            using unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (w, contact)
            where w.workspace_id = u.w and w.contact_id = u.contact and w.due_at <= \(now)
            returning w.workspace_id, w.contact_id, w.due_at
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try ContactKey(row: $0), try $0[2, as: Timestamp.self]) })
    }

    /// Removes the wakes of those of `contacts` that have merged into others, who are looked at instead.
    ///
    /// Services of the release before merge contacts without their wakes.
    ///
    /// - Returns: how many there are to look at instead.
    public static func forgetMerged(
        _ contacts: some Collection<ContactKey>, at now: Timestamp, in session: PostgresSession
    ) throws -> Int {
        guard !contacts.isEmpty else { return 0 }
        return try session.execute(
            """
            with gone as (
                delete from wakes w
                using unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
                join contacts c using (workspace_id, contact_id)
                where w.workspace_id = c.workspace_id and w.contact_id = c.contact_id and c.merged_into is not null
                returning c.workspace_id, c.merged_into
            )
            insert into wakes as w (workspace_id, contact_id, due_at)
            select distinct workspace_id, merged_into, \(now) from gone
            on conflict (workspace_id, contact_id) do update set due_at = excluded.due_at
            where excluded.due_at < w.due_at
            """)
    }

    /// The survivor is due when the earlier of the two would have been.
    static func move(_ w: WorkspaceID, from: UniqueID, to: UniqueID, in session: PostgresSession) throws {
        try session.execute(
            """
            with moved as (delete from wakes where workspace_id = \(w) and contact_id = \(from) returning due_at)
            insert into wakes as h (workspace_id, contact_id, due_at)
            select \(w), \(to), due_at from moved
            on conflict (workspace_id, contact_id) do update set due_at = excluded.due_at
            where excluded.due_at < h.due_at
            """)
    }
}
