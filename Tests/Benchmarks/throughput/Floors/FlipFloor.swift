import Logging
import Model
import Postgres
import Schema
import Store

/// The least the database has to do for people who enter a segment since time has passed: the move, the membership and
/// the wake, a thousand people a transaction.
///
/// In a database of its own with the migrated schema and all its indexes, beside as many people.
struct FlipFloor: Sendable {
    let pool: PostgresPool

    init(url: String, logger: Logger) async throws {
        pool = PostgresPool(
            try PostgresConfiguration(
                url: url, applicationName: "throughput-floor", poolSize: 2, statementTimeout: .seconds(120)),
            logger: logger)
        _ = try await pool.withTransaction { try Migrator.migrate(in: $0) }
    }

    /// Lets a crowd fall asleep, shared out over connections.
    func flip(_ crowd: Crowd, connections: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in 0..<connections {
                group.addTask { try await flip(crowd, starts: connection * 1000, every: connections * 1000) }
            }
            try await group.waitForAll()
        }
    }

    private func flip(_ crowd: Crowd, starts first: Int, every step: Int) async throws {
        for start in stride(from: first, to: crowd.contacts.count, by: step) {
            let part = start..<min(start + 1000, crowd.contacts.count)
            let rows = zip(crowd.contacts[part], crowd.due[part]).sorted { $0.0 < $1.0 }
            let (contacts, due) = (rows.map(\.0), rows.map(\.1))
            try await pool.withTransaction { session in
                try session.execute(
                    """
                    insert into segment_moves (
                        workspace_id, contact_id, segment, ordinal, move, at, cause, revision, decided_at)
                    select \(crowd.workspace), u.contact, 'asleep', 1, 'entered', u.at, 'time', 1, u.at
                    from unnest(\(contacts), \(due)) as u (contact, at)
                    """)
                try session.execute(
                    """
                    insert into segment_members (workspace_id, contact_id, segment, ordinal, entered_at, cause)
                    select \(crowd.workspace), u.contact, 'asleep', 1, u.at, 'time'
                    from unnest(\(contacts), \(due)) as u (contact, at)
                    """)
                try session.execute(
                    """
                    delete from wakes w using unnest(\(contacts)) as u (contact)
                    where w.workspace_id = \(crowd.workspace) and w.contact_id = u.contact
                    """)
            }
        }
    }

    func close() async { await pool.close() }
}
