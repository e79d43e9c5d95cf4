public import Expressions
public import Model
public import Postgres

/// What is known of events that have left the log: per subject and name how many there were, the first, the last, and the
/// sums of their numbers.
///
/// By subject, like the log itself: totals stay where they are when contacts merge, and go when somebody is erased.
public enum EventTotals {
    /// One subject's events of one name.
    public struct Key: Sendable, Hashable {
        public var subject: ContactKey
        public var name: String

        public init(subject: ContactKey, name: String) {
            self.subject = subject
            self.name = name
        }
    }

    /// The totals of `keys`, as far as there are any.
    public static func load(
        _ keys: some Collection<Key>, in session: PostgresSession
    ) throws -> [Key: CarriedTotal] {
        let rows = try session.query(
            """
            select t.workspace_id, t.subject_id, t.name, t.count, t.first_at, t.last_at, t.sums
            from unnest(
                \(keys.map(\.subject.workspace)), \(keys.map(\.subject.contact)), \(keys.map(\.name))
            ) as u (workspace_id, subject_id, name)
            join event_totals t using (workspace_id, subject_id, name)
            """)
        var totals: [Key: CarriedTotal] = [:]
        for row in rows {
            let (workspace, subject, name, count, first, last, sums) = try row.decode(
                (
                    WorkspaceID.self, UniqueID.self, String.self, Int64.self, Timestamp.self, Timestamp.self, JSON.self
                ))
            let key = Key(subject: ContactKey(workspace: workspace, contact: subject), name: name)
            totals[key] = CarriedTotal(count: count, first: first, last: last, sums: Self.sums(in: sums))
        }
        return totals
    }

    /// Writes totals in place of those there were; the caller holds the contacts' locks.
    public static func save(_ totals: [Key: CarriedTotal], in session: PostgresSession) throws {
        guard !totals.isEmpty else { return }
        let sorted = totals.sorted { ($0.key.subject, $0.key.name) < ($1.key.subject, $1.key.name) }
        try session.execute(
            """
            insert into event_totals (workspace_id, subject_id, name, count, first_at, last_at, sums)
            select * from unnest(
                \(sorted.map(\.key.subject.workspace)), \(sorted.map(\.key.subject.contact)),
                \(sorted.map(\.key.name)), \(sorted.map(\.value.count)), \(sorted.map(\.value.first)),
                \(sorted.map(\.value.last)), \(sorted.map { json($0.value.sums) }))
            on conflict (workspace_id, subject_id, name) do update
            set count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at, sums = excluded.sums
            """)
    }

    static func sums(in json: JSON) -> [String: ExactSum] {
        (json.object ?? [:]).compactMapValues { parts in
            parts.array.map { ExactSum(parts: $0.compactMap(\.number)) }
        }
    }

    /// A sum beyond all numbers has no form in JSON, and is left out.
    private static func json(_ sums: [String: ExactSum]) -> JSON {
        .object(
            sums.filter { $0.value.parts.allSatisfy(\.isFinite) }.mapValues { .array($0.parts.map { .double($0) }) })
    }
}
