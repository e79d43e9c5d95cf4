import Logging
import Model
import Postgres
import Schema
import Store

/// The least the database has to do for a broadcast: the locks, a run, a message and a decision for each member, five hundred
/// members a transaction, and the place that it has come to.
///
/// In a database of its own with the migrated schema and all its indexes, beside as many people.
struct BroadcastFloor: Sendable {
    static let part = 500

    let pool: PostgresPool

    init(url: String, logger: Logger) async throws {
        pool = PostgresPool(
            try PostgresConfiguration(
                url: url, applicationName: "throughput-floor", poolSize: 1, statementTimeout: .seconds(240)),
            logger: logger)
        _ = try await pool.withTransaction { session in
            _ = try Migrator.migrate(in: session)
            _ = try DomainClock.initialize(.real, at: Timestamp(seconds: 0), in: session)
        }
    }

    /// Lets readers enter, in their order.
    func enter(_ readers: Readers, round: Int) async throws {
        let (workspace, state) = (readers.workspace, JSONBytes(bytes: Array(Self.state.utf8)))
        let saw = JSONBytes(bytes: Array(Self.saw.utf8))
        for start in stride(from: 0, to: readers.contacts.count, by: Self.part) {
            let contacts = Array(readers.contacts[start..<min(start + Self.part, readers.contacts.count)])
            let (runs, messages) = (contacts.map { _ in UniqueID.random() }, contacts.map { _ in UniqueID.random() })
            try await pool.withTransaction { session in
                try session.execute(
                    """
                    select from contacts where workspace_id = \(workspace) and contact_id = any(\(contacts))
                    order by contact_id for no key update
                    """)
                try session.execute(
                    """
                    insert into runs (
                        workspace_id, contact_id, run_id, journey, journey_version, entry_key, entry_at, entry_event_id,
                        entered_at, state, version)
                    select \(workspace), u.contact, u.run, 'news', 1, \("at \(round)"), clock_time(), '', clock_time(),
                        \(state), 0
                    from unnest(\(contacts), \(runs)) as u (contact, run)
                    """)
                try session.execute(
                    """
                    insert into decisions (
                        workspace_id, contact_id, decision_id, at, kind, journey, run_id, step, choice, saw)
                    select \(workspace), u.contact, gen_random_uuid(), clock_time(), 'entry', 'news', u.run, 'enter',
                        'started', \(saw)
                    from unnest(\(contacts), \(runs)) as u (contact, run)
                    """)
                try session.execute(
                    """
                    insert into messages (
                        workspace_id, contact_id, message_id, run_id, journey, step, visit, revision, template, topic,
                        state, planned_at, cause_at, look_at, segment)
                    select \(workspace), u.contact, u.message, u.run, 'news', 'news', 1, 1, 'news', 'offers', 'planned',
                        clock_time(), clock_time(), clock_time(), 'readers'
                    from unnest(\(contacts), \(runs), \(messages)) as u (contact, run, message)
                    """)
                try session.execute(
                    """
                    insert into broadcasts (
                        workspace_id, journey, occurrence, version, segment, due_at, opened_at, state, last_contact,
                        looked_at)
                    values (
                        \(workspace), 'news', \("\(round)"), 1, 'readers', clock_time(), clock_time(), 'walking',
                        \(contacts.last), clock_time())
                    on conflict (workspace_id, journey, occurrence) do update set last_contact = excluded.last_contact
                    """)
            }
        }
    }

    private static let state = """
        {"v": 1, "step": "news", "entry": {"at": 1772438400000000, "event": ""}, "phase": "sending", "visit": 1, \
        "started": 1772438400000000}
        """
    private static let saw =
        "{\"at\": \"2026-03-02T08:00:00Z\", \"segment\": \"readers\", \"occurrence\": \"2026-03-02T09:00\"}"

    func close() async { await pool.close() }
}
