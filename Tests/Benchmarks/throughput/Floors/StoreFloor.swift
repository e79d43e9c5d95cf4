import Logging
import Model
import Postgres
import Schema
import Store

/// The least the database has to do for scored events: the rows of the log and the sums, a thousand events a transaction.
///
/// On the migrated schema with all its indexes, whatever else the database holds.
struct StoreFloor: Sendable {
    private let pool: PostgresPool

    init(url: String, logger: Logger) async throws {
        pool = PostgresPool(
            try PostgresConfiguration(url: url, applicationName: "throughput-floor", poolSize: 2), logger: logger)
        _ = try await pool.withTransaction { try Migrator.migrate(in: $0) }
    }

    /// Writes each share over a connection of its own.
    func write(_ shares: [[EventColumns]]) async throws {
        let pool = pool
        try await withThrowingTaskGroup(of: Void.self) { group in
            for share in shares {
                group.addTask {
                    for columns in share {
                        try await pool.withTransaction { session in try Self.write(columns, in: session) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// How many rows the log has.
    func rows() async throws -> Int {
        try await pool.withConnection { session in
            Int(try session.query("select count(*) from event_log")[0].decode(Int64.self))
        }
    }

    func close() async { await pool.close() }

    private static func write(_ columns: EventColumns, in session: PostgresSession) throws {
        try session.execute(
            """
            insert into event_log (
                workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name, properties,
                context)
            select u.w, u.subject, u.at, u.id, u.at, u.at, u.call, u.trust, 0, u.name, u.properties, u.context
            from unnest(
                \(columns.workspaces), \(columns.subjects), \(columns.times), \(columns.eventIDs), \(columns.calls),
                \(columns.trusts), \(columns.names), \(columns.properties), \(columns.contexts)
            ) as u (w, subject, at, id, call, trust, name, properties, context)
            on conflict do nothing
            """)
        let scores = columns.scores
        try session.execute(
            """
            insert into scores (workspace_id, contact_id, model, epoch, amount)
            select 1, u.contact, 'engagement', u.epoch, u.amount
            from unnest(\(scores.map(\.subject)), \(scores.map(\.epoch)), \(scores.map(\.amount)))
                as u (contact, epoch, amount)
            on conflict (workspace_id, contact_id, model, epoch) do update set amount = scores.amount + excluded.amount
            """)
    }
}
