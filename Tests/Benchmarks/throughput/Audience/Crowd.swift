import Model
import Postgres
import Store

/// People made by SQL who all fall asleep at about one instant: their last order is a fortnight old then, and they have
/// a wake for it. Everything else is as scoring leaves it.
struct Crowd: Sendable {
    let workspace: WorkspaceID
    /// In the order in which they fall due.
    let contacts: [UniqueID]
    /// When each falls asleep.
    let due: [Timestamp]

    /// The orders of each.
    private static let orders = 4
    private static let sleep = "14 days"

    /// Makes people.
    ///
    /// - Parameters:
    ///   - revision: the definitions that they were evaluated under.
    ///   - first: when the first of them falls due.
    ///   - spread: from then on the others follow, evenly.
    init(
        of size: Int, in workspace: WorkspaceID, revision: Int32, first: Timestamp, spread: Span, _ pool: PostgresPool
    ) async throws {
        let step = Double(spread.microseconds) / Double(max(1, size))
        let due = (0..<size).map { first + Span(microseconds: Int64(Double($0) * step)) }
        let contacts = (0..<size).map { _ in UniqueID.random() }
        (self.workspace, self.due, self.contacts) = (workspace, due, contacts)
        try await pool.withTransaction { session in
            try session.execute(
                """
                create temporary table crowd on commit drop as
                select u.contact_id, u.due_at, u.due_at - \(Self.sleep)::interval as bought_at
                from unnest(\(contacts), \(due)) as u (contact_id, due_at)
                """)
            try session.execute(
                """
                insert into contacts (workspace_id, contact_id, stage, evaluated_revision, created_at)
                select \(workspace), contact_id, 'see', \(revision), bought_at from crowd
                """)
            try session.execute(
                """
                insert into event_log (
                    workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name,
                    properties, context)
                select \(workspace), contact_id, at, 'order-' || number, at, at, 1, 1, 0, 'Order Completed',
                    \(JSONBytes(bytes: Array(EventStream.view(0).utf8))), '{}'
                from crowd, generate_series(0, \(Int32(Self.orders - 1))) as number,
                    lateral (select bought_at - number * interval '1 hour' as at) as place
                """)
            try session.execute(
                """
                insert into scores (workspace_id, contact_id, model, epoch, amount)
                select \(workspace), contact_id, 'engagement', 90, \(Int64(Self.orders) * 256_000) from crowd
                """)
            try session.execute(
                "insert into wakes (workspace_id, contact_id, due_at) select \(workspace), contact_id, due_at from crowd"
            )
        }
    }
}
