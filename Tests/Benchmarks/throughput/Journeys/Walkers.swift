import Model
import Postgres

/// People with runs that wait, made by SQL as schedulers leave them.
struct Walkers: Sendable {
    /// The journeys of the definitions: what each does once its first wait is over.
    enum Kind: String, CaseIterable, Sendable {
        /// Plans a message.
        case mails
        /// Waits on.
        case waits
        /// Takes a branch, and waits there.
        case branches
    }

    let workspace: WorkspaceID
    /// In order.
    let contacts: [UniqueID]

    private static let part = 20_000

    init(in workspace: WorkspaceID, count: Int) {
        self.workspace = workspace
        contacts = (0..<count).map { _ in UniqueID.random() }.sorted()
    }

    /// - Parameter revision: the definitions that they were evaluated under.
    func settle(revision: Int32, _ pool: PostgresPool) async throws {
        for start in stride(from: 0, to: contacts.count, by: Self.part) {
            let part = Array(contacts[start..<min(start + Self.part, contacts.count)])
            _ = try await pool.withConnection { session in
                try session.execute(
                    """
                    insert into contacts (workspace_id, contact_id, attributes, evaluated_revision, created_at)
                    select \(workspace), contact_id,
                        jsonb_build_object('email', contact_id || '@shop.example', 'plan', 'pro'), \(revision), clock_time()
                    from unnest(\(part)) as u (contact_id)
                    """)
            }
        }
        _ = try await pool.withConnection { try $0.execute("vacuum (analyze) contacts") }
    }

    /// Gives each a run at its first wait.
    ///
    /// - Parameters:
    ///   - kinds: taken in turn.
    ///   - key: of the entry; there is one run of a kind for each.
    ///   - tidies: whether the tables are put in order then.
    ///   - due: when the waits are over, of the walker at a place.
    func wait(
        in kinds: [Kind], key: String, tidies: Bool = true, due: (Int) -> Timestamp, _ pool: PostgresPool
    ) async throws -> [Waiting] {
        let waiting = contacts.indices.map { index in
            Waiting(contact: contacts[index], run: .random(), kind: kinds[index % kinds.count], due: due(index))
        }
        for start in stride(from: 0, to: waiting.count, by: Self.part) {
            let part = waiting[start..<min(start + Self.part, waiting.count)]
            _ = try await pool.withConnection { session in
                try session.execute(
                    """
                    with r as (
                        insert into runs (
                            workspace_id, contact_id, run_id, journey, journey_version, entry_key, entry_at,
                            entry_event_id, entered_at, state, version, wake_at)
                        select \(workspace), u.contact, u.run, u.journey, 1, \(key), u.due - interval '1 hour', '',
                            u.due - interval '1 hour', \(Self.state) || jsonb_build_object('until', u.until), 1, u.due
                        from unnest(
                            \(part.map(\.contact)), \(part.map(\.run)), \(part.map(\.kind.rawValue)),
                            \(part.map(\.due)), \(part.map(\.due.microseconds))) as u (contact, run, journey, due, until)
                        returning workspace_id, contact_id, run_id, version, wake_at
                    )
                    insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
                    select workspace_id, contact_id, run_id, 'wake', version, wake_at from r
                    """)
            }
        }
        if tidies { try await Self.tidy(pool) }
        return waiting
    }

    /// Settles what making runs has stirred up, so that no measurement pays for it.
    static func tidy(_ pool: PostgresPool) async throws {
        _ = try await pool.withConnection { try $0.execute("vacuum (analyze) runs, timers") }
    }

    /// A run that waits.
    struct Waiting: Sendable {
        var contact: UniqueID
        var run: UniqueID
        var kind: Kind
        var due: Timestamp
    }

    private static let state = JSONBytes(
        bytes: Array(
            """
            {"v": 1, "step": "wait 1", "entry": {"at": 1772438400000000, "event": ""}, "phase": "waiting", \
            "started": 1772438400000000}
            """.utf8))
}
