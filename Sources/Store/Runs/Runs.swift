public import Expressions
public import Model
public import Postgres

/// One contact's pass through one version of a journey.
public struct Run: Sendable, Hashable {
    public var contact: ContactKey
    public var id: UniqueID
    public var journey: String
    public var journeyVersion: Int32
    public var entryKey: String
    /// Where in the contact's history the run began; it sees what comes strictly after.
    public var entry: HistoryPosition
    public var enteredAt: Timestamp
    /// The journey program's own account of where the run stands.
    public var state: JSON
    /// Counts the steps taken: a timer of another version is stale.
    public var version: Int32
    public var endedAt: Timestamp?
    public var outcome: String?

    public init(
        contact: ContactKey, id: UniqueID, journey: String, journeyVersion: Int32, entryKey: String,
        entry: HistoryPosition, enteredAt: Timestamp, state: JSON, version: Int32 = 0, endedAt: Timestamp? = nil,
        outcome: String? = nil
    ) {
        self.contact = contact
        self.id = id
        self.journey = journey
        self.journeyVersion = journeyVersion
        self.entryKey = entryKey
        self.entry = entry
        self.enteredAt = enteredAt
        self.state = state
        self.version = version
        self.endedAt = endedAt
        self.outcome = outcome
    }
}

extension Run {
    fileprivate init(row: PostgresRow) throws {
        self.init(
            contact: try ContactKey(row: row), id: try row[2, as: UniqueID.self], journey: try row[3, as: String.self],
            journeyVersion: try row[4, as: Int32.self], entryKey: try row[5, as: String.self],
            entry: HistoryPosition(at: try row[6, as: Timestamp.self], eventID: try row[7, as: String.self]),
            enteredAt: try row[8, as: Timestamp.self], state: try row[9, as: JSON.self],
            version: try row[10, as: Int32.self], endedAt: try row[11, as: Timestamp?.self],
            outcome: try row[12, as: String?.self])
    }
}

/// The runs.
public enum Runs {
    /// The runs of `contacts` that have not ended, and with `ended` those that have.
    public static func load(
        of contacts: some Collection<ContactKey>, ended: Bool = false, in session: PostgresSession
    ) throws -> [ContactKey: [Run]] {
        let rows = try session.query(
            """
            select r.workspace_id, r.contact_id, r.run_id, r.journey, r.journey_version, r.entry_key, r.entry_at,
                r.entry_event_id, r.entered_at, r.state, r.version, r.ended_at, r.outcome
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join runs r using (workspace_id, contact_id)
            where r.ended_at is null or \(ended)
            order by r.workspace_id, r.contact_id, r.entered_at, r.run_id
            """)
        var runs: [ContactKey: [Run]] = [:]
        for row in rows {
            let run = try Run(row: row)
            runs[run.contact, default: []].append(run)
        }
        return runs
    }

    /// The versions of journeys in which `contacts` have runs that have not ended.
    public static func openVersions(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [(journey: String, version: Int32)]] {
        let rows = try session.query(
            """
            select distinct r.workspace_id, r.contact_id, r.journey, r.journey_version
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join runs r using (workspace_id, contact_id)
            where r.ended_at is null
            """)
        var versions: [ContactKey: [(journey: String, version: Int32)]] = [:]
        for row in rows {
            versions[try ContactKey(row: row), default: []].append(
                (try row[2, as: String.self], try row[3, as: Int32.self]))
        }
        return versions
    }

    /// The entry keys that `contacts` have used, by journey.
    public static func entries(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Set<[String]>] {
        let rows = try session.query(
            """
            select r.workspace_id, r.contact_id, r.journey, r.entry_key
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join runs r using (workspace_id, contact_id)
            """)
        var entries: [ContactKey: Set<[String]>] = [:]
        for row in rows {
            entries[try ContactKey(row: row), default: []].insert([
                try row[2, as: String.self], try row[3, as: String.self],
            ])
        }
        return entries
    }

    /// Stores new runs; of two with one entry key the first stays.
    public static func insert(_ runs: [Run], in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            insert into runs (
                workspace_id, contact_id, run_id, journey, journey_version, entry_key, entry_at, entry_event_id,
                entered_at, state, version, ended_at, outcome)
            select * from unnest(
                \(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)),
                \(runs.map(\.journey)), \(runs.map(\.journeyVersion)), \(runs.map(\.entryKey)),
                \(runs.map(\.entry.at)), \(runs.map { $0.entry.eventID ?? "" }), \(runs.map(\.enteredAt)),
                \(runs.map(\.state)), \(runs.map(\.version)), \(runs.map(\.endedAt)), \(runs.map(\.outcome)))
            on conflict do nothing
            """)
    }

    /// Writes back state, version and end; the caller holds the contacts' locks.
    public static func save(_ runs: [Run], in session: PostgresSession) throws {
        guard !runs.isEmpty else { return }
        try session.execute(
            """
            update runs r
            set state = u.state, version = u.version, ended_at = u.ended_at, outcome = u.outcome
            from unnest(
                \(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.id)),
                \(runs.map(\.state)), \(runs.map(\.version)), \(runs.map(\.endedAt)), \(runs.map(\.outcome))
            ) as u (workspace_id, contact_id, run_id, state, version, ended_at, outcome)
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
            select r.run_id, l.name, l.properties
            from unnest(\(runs.map(\.contact.workspace)), \(runs.map(\.contact.contact)), \(runs.map(\.run)))
                as u (workspace_id, contact_id, run_id)
            join runs r using (workspace_id, contact_id, run_id)
            join contacts c on c.workspace_id = r.workspace_id
                and (c.contact_id = r.contact_id or c.merged_into = r.contact_id)
            join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
                and l.event_id = r.entry_event_id and l.at = r.entry_at
            """)
        var entries: [UniqueID: (name: String, properties: JSON)] = [:]
        for row in rows {
            let (run, name, properties) = try row.decode((UniqueID.self, String.self, JSON.self))
            entries[run] = (name, properties)
        }
        return entries
    }
}
