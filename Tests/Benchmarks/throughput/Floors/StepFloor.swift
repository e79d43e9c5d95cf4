import Logging
import Model
import Postgres
import Schema
import Store

/// The least the database has to do for runs whose waits are over: the locks, the timers that are gone and those that come,
/// the runs, the decisions, the messages and a row of the outbox, five hundred contacts a transaction.
///
/// In a database of its own with the migrated schema and all its indexes, beside as many people.
struct StepFloor: Sendable {
    private static let part = 500

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

    /// Takes a step of each run, in the order of their contacts.
    func step(_ waiting: [Walkers.Waiting], in workspace: WorkspaceID) async throws {
        for start in stride(from: 0, to: waiting.count, by: Self.part) {
            let part = Array(waiting[start..<min(start + Self.part, waiting.count)])
            try await pool.withTransaction { session in
                try session.execute(
                    """
                    select from contacts
                    where workspace_id = \(workspace) and contact_id = any(\(part.map(\.contact)))
                    order by contact_id for no key update
                    """)
                try move(part, in: workspace, session)
                try decide(part.filter { $0.kind == .branches }, in: workspace, session)
                try plan(part.filter { $0.kind == .mails }, in: workspace, session)
            }
        }
    }

    private func move(_ part: [Walkers.Waiting], in workspace: WorkspaceID, _ session: PostgresSession) throws {
        try session.execute(
            """
            delete from timers t using unnest(\(part.map(\.contact)), \(part.map(\.run))) as u (contact_id, run_id)
            where t.workspace_id = \(workspace) and t.contact_id = u.contact_id and t.run_id = u.run_id
                and t.kind = 'wake'
            """)
        try session.execute(
            """
            update runs r set state = \(Self.state), version = r.version + 1,
                wake_at = case when u.waits then clock_time() + interval '30 days' end
            from unnest(
                \(part.map(\.contact)), \(part.map(\.run)), \(part.map { $0.kind != .mails })
            ) as u (contact_id, run_id, waits)
            where r.workspace_id = \(workspace) and r.contact_id = u.contact_id and r.run_id = u.run_id
            """)
        let waits = part.filter { $0.kind != .mails }
        try session.execute(
            """
            insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
            select \(workspace), u.contact_id, u.run_id, 'wake', 2, clock_time() + interval '30 days'
            from unnest(\(waits.map(\.contact)), \(waits.map(\.run))) as u (contact_id, run_id)
            """)
    }

    private func decide(_ part: [Walkers.Waiting], in workspace: WorkspaceID, _ session: PostgresSession) throws {
        try session.execute(
            """
            insert into decisions (
                workspace_id, contact_id, decision_id, at, kind, journey, run_id, step, choice, saw)
            select \(workspace), u.contact_id, gen_random_uuid(), clock_time(), 'branch', 'branches', u.run_id, 'if 2',
                'then', \(Self.saw)
            from unnest(\(part.map(\.contact)), \(part.map(\.run))) as u (contact_id, run_id)
            """)
    }

    private func plan(_ part: [Walkers.Waiting], in workspace: WorkspaceID, _ session: PostgresSession) throws {
        try session.execute(
            """
            insert into messages (
                workspace_id, contact_id, message_id, run_id, journey, step, visit, revision, template, topic, state,
                planned_at, cause_at, look_at)
            select \(workspace), u.contact_id, gen_random_uuid(), u.run_id, 'mails', 'news', 1, 1, 'news', 'offers',
                'planned', clock_time(), u.due, clock_time()
            from unnest(\(part.map(\.contact)), \(part.map(\.run)), \(part.map(\.due))) as u (contact_id, run_id, due)
            """)
        // As large as a hint for each message.
        try session.execute(
            """
            insert into outbox (outbox_id, queue, lane, body, created_at)
            values (gen_random_uuid(), 'messages', 'live', decode(repeat('00', \(Int32(part.count * 36))), 'hex'),
                clock_time())
            """)
    }

    private static let state = JSONBytes(
        bytes: Array(
            """
            {"v": 1, "step": "wait 2", "entry": {"at": 1772438400000000, "event": ""}, "phase": "waiting", \
            "until": 1775030400000000, "started": 1772438400000000}
            """.utf8))
    private static let saw = JSONBytes(bytes: Array("{\"condition\": \"contact.plan == \\\"pro\\\"\"}".utf8))

    func close() async { await pool.close() }
}
