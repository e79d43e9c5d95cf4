import Model
import Postgres
import Scores
import Store

/// People whom an ``EventStream`` is about, made by SQL with a past of their own; as scoring would have left them.
struct KnownPeople: Sendable {
    /// How many events each has in the log, over most of a year.
    static let events = 20

    private static let step = 50_000

    private let workspace: WorkspaceID
    private let revision: Int32
    private let pool: PostgresPool

    /// - Parameter revision: the definitions that they were evaluated under.
    init(in workspace: WorkspaceID, revision: Int32, _ pool: PostgresPool) {
        self.workspace = workspace
        self.revision = revision
        self.pool = pool
    }

    /// Makes the people of these numbers, and their past event by event, as a log grows.
    func settle(_ numbers: Range<Int>) async throws {
        let now = try await pool.withTransaction { try DomainClock.read(in: $0) }
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: Self.step) {
            let names = (start..<min(start + Self.step, numbers.upperBound)).map { "user-\(Digits.padded($0, 6))" }
            try await introduce(names, now: now)
        }
        // Two at a time, as many as there are processors.
        for number in stride(from: 0, to: Self.events, by: 2) {
            async let one: Void = happen(number, to: numbers.count, now: now)
            async let other: Void = happen(number + 1, to: numbers.count, now: now)
            _ = try await (one, other)
        }
        _ = try await pool.withConnection { session in
            try session.execute("vacuum (analyze) contacts, identities, event_log, scores")
        }
    }

    private func introduce(_ names: [String], now: Timestamp) async throws {
        let subjects = names.map { Identity(.user, $0).subjectID(in: workspace) }
        try await pool.withTransaction { session in
            try session.execute(
                """
                insert into identities (workspace_id, kind, value, subject_id)
                select \(workspace), 'user', * from unnest(\(names), \(subjects))
                """)
            try session.execute(
                """
                insert into contacts (workspace_id, contact_id, stage, evaluated_revision, created_at)
                select \(workspace), contact_id, 'see', \(revision), \(now - .days(365))
                from unnest(\(subjects)) as u (contact_id) order by contact_id
                """)
            for (epoch, amount) in Self.sums(now: now) {
                try session.execute(
                    """
                    insert into scores (workspace_id, contact_id, model, epoch, amount)
                    select \(workspace), contact_id, 'engagement', \(epoch), \(amount)
                    from unnest(\(subjects)) as u (contact_id) order by contact_id
                    """)
            }
        }
    }

    /// When each of them happened.
    private static func instant(_ number: Int, now: Timestamp) -> Timestamp { now - .days(Int64(300 - 14 * number)) }

    /// What they come to, by epoch.
    private static func sums(now: Timestamp) -> [Int64: Int64] {
        (0..<events).reduce(into: [:]) { sums, number in
            let term = EventStream.points(at: instant(number, now: now))
            sums[term.epoch, default: 0] += term.amount
        }
    }

    /// One event of everybody who has none of this number yet, in the order of the log's key.
    private func happen(_ number: Int, to count: Int, now: Timestamp) async throws {
        let at = Self.instant(number, now: now)
        let properties = JSONBytes(bytes: Array(EventStream.view(number).utf8))
        let id = "past-\(number)"
        _ = try await pool.withConnection { session in
            try session.execute(
                """
                insert into event_log (
                    workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name,
                    properties, context)
                select workspace_id, contact_id, \(at), \(id), \(at), \(at), 1, 1, 0, 'Page Viewed', \(properties), '{}'
                from contacts where workspace_id = \(workspace) order by contact_id
                on conflict do nothing
                """)
        }
    }
}
