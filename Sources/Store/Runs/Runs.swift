import Expressions
public import Model
public import Postgres

/// The runs.
///
/// They are looked up contact by contact ("offset 0" keeps the planner from joining otherwise): how many are open changes from
/// one second to the next, and a plan for the few that statistics know of goes over all of them for each contact. Likewise who
/// else a contact was, once for each: as a join it goes over all contacts.
public enum Runs {
    /// The runs of `contacts` that have not ended, in order of contact and entry.
    public static func open(of contacts: some Collection<ContactKey>, in session: PostgresSession) throws -> [Run] {
        guard !contacts.isEmpty else { return [] }
        let rows = try session.query(
            """
            select \(unescaped: Run.columns)
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            cross join lateral (
                select * from runs r
                where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.ended_at is null offset 0) r
            order by r.workspace_id, r.contact_id, r.entered_at, r.run_id
            """)
        return try rows.map { try Run(row: $0) }
    }

    /// Those of certain runs that have not ended, in order of contact and entry.
    public static func open(
        among runs: [(contact: ContactKey, run: UniqueID)], in session: PostgresSession
    ) throws -> [Run] {
        guard !runs.isEmpty else { return [] }
        let rows = try session.query(
            """
            select \(unescaped: Run.columns)
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.run)))
                as u (workspace_id, contact_id, run_id)
            cross join lateral (
                select * from runs r
                where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
                    and r.ended_at is null
                offset 0) r
            order by r.workspace_id, r.contact_id, r.entered_at, r.run_id
            """)
        return try rows.map { try Run(row: $0) }
    }

    /// The runs of `contacts` that have not ended, and with `ended` those that have.
    public static func load(
        of contacts: some Collection<ContactKey>, ended: Bool = false, in session: PostgresSession
    ) throws -> [ContactKey: [Run]] {
        guard ended else { return Dictionary(grouping: try open(of: contacts, in: session), by: \.contact) }
        let rows = try session.query(
            """
            select \(unescaped: Run.columns)
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            cross join lateral (
                select * from runs r
                where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id offset 0) r
            order by r.workspace_id, r.contact_id, r.entered_at, r.run_id
            """)
        return Dictionary(grouping: try rows.map { try Run(row: $0) }, by: \.contact)
    }

    /// The versions of journeys in which `contacts` have runs that have not ended.
    public static func openVersions(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [(journey: String, version: Int32)]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select distinct r.workspace_id, r.contact_id, r.journey, r.journey_version
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            cross join lateral (
                select * from runs r
                where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.ended_at is null offset 0) r
            """)
        var versions: [ContactKey: [(journey: String, version: Int32)]] = [:]
        for row in rows {
            versions[try ContactKey(row: row), default: []].append(
                (try row[2, as: String.self], try row[3, as: Int32.self]))
        }
        return versions
    }

    /// Which of `runs` have ended before their last step: by their goal, their exit, or somebody's word.
    public static func endedEarly(
        among runs: [(contact: ContactKey, run: UniqueID)], in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !runs.isEmpty else { return [] }
        let rows = try session.query(
            """
            select r.run_id
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.run)))
                as u (workspace_id, contact_id, run_id)
            cross join lateral (
                select r.run_id from runs r
                where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
                    and r.ended_at is not null and r.outcome <> 'finished'
                offset 0) r
            """)
        return Set(try rows.map { try $0[0, as: UniqueID.self] })
    }

    /// Stores new runs; of two with one entry key the first stays.
    public static func insert(_ runs: [Run], in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            insert into runs (
                workspace_id, contact_id, run_id, journey, journey_version, entry_key, entry_at, entry_event_id,
                entered_at, state, version, wake_at, ended_at, outcome, held_out, waits_since)
            select * from unnest(
                \(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)),
                \(runs.map(\.journey)), \(runs.map(\.journeyVersion)), \(runs.map(\.entryKey)),
                \(runs.map(\.entry.at)), \(runs.map { $0.entry.eventID ?? "" }), \(runs.map(\.enteredAt)),
                \(runs.map(\.state)), \(runs.map(\.version)), \(runs.map(\.wakeAt)), \(runs.map(\.endedAt)),
                \(runs.map(\.outcome)), \(runs.map(\.isHeldOut)), \(runs.map(\.waitsSince)))
            on conflict do nothing
            """)
        try Turns.announce(runs, in: session)
    }

    /// Writes back state, version, wake and end; the caller holds the contacts' locks.
    public static func save(_ runs: [Run], in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            update runs r
            set state = u.state, version = u.version, wake_at = u.wake_at, ended_at = u.ended_at,
                outcome = u.outcome, waits_since = u.waits_since
            from unnest(
                \(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)),
                \(runs.map(\.state)), \(runs.map(\.version)), \(runs.map(\.wakeAt)), \(runs.map(\.endedAt)),
                \(runs.map(\.outcome)), \(runs.map(\.waitsSince))
            ) as u (workspace_id, contact_id, run_id, state, version, wake_at, ended_at, outcome, waits_since)
            where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.run_id = u.run_id
            """)
    }

    /// What the events that started `runs` say; runs that a stage started, or whose event is gone, are left out.
    public static func entryProperties(
        of runs: [(contact: ContactKey, run: UniqueID)], in session: PostgresSession
    ) throws -> [UniqueID: (name: String, properties: JSON)] {
        guard !runs.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select e.run_id, e.name, e.properties
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.run)))
                as u (workspace_id, contact_id, run_id)
            cross join lateral (
                select e.run_id, e.name, e.properties from run_entries e
                where e.workspace_id = u.workspace_id and e.contact_id = u.contact_id and e.run_id = u.run_id
                offset 0) e
            """)
        var entries: [UniqueID: (name: String, properties: JSON)] = [:]
        for row in rows {
            let (run, name, properties) = try row.decode((UniqueID.self, String.self, JSON.self))
            entries[run] = (name, properties)
        }
        return entries
    }
}
