public import Expressions
public import Model
public import Postgres
public import Scores

/// What events that have left the log gave, by subject, score and the rules that gave it.
///
/// Scores themselves stay as they are booked when events leave. This is for counting one afresh: when subjects move, and
/// when an objection ends.
public enum CarriedScores {
    /// One subject's points by one set of rules.
    public struct Key: Sendable, Hashable {
        public var subject: ContactKey
        public var model: String
        /// Names the rules.
        public var rules: UniqueID

        public init(subject: ContactKey, model: String, rules: UniqueID) {
            self.subject = subject
            self.model = model
            self.rules = rules
        }
    }

    /// As stored: what rules without a cap gave, and the events that those with one count.
    public struct Entry: Sendable, Hashable {
        public var balance = ScoreBalance()
        public var counted: [ScoreCounts.Slot: [HistoryPosition]] = [:]

        public init() {}
    }

    /// Everything carried for subjects.
    public static func load(
        of subjects: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [Key: Entry] {
        guard !subjects.isEmpty else { return [:] }
        var entries: [Key: Entry] = [:]
        for row in try session.query(
            """
            select workspace_id, subject_id, model, rules, epoch, amount, nullif(until, 'infinity')
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, subject_id)
            join carried_scores using (workspace_id, subject_id)
            """)
        {
            let term = ScoreTerm(
                epoch: try row[4, as: Int64.self], amount: try row[5, as: Int64.self],
                until: try row[6, as: Timestamp?.self])
            entries[try key(row), default: Entry()].balance.add(term)
        }
        for row in try session.query(
            """
            select workspace_id, subject_id, model, rules, rule, day, counted
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, subject_id)
            join carried_counts using (workspace_id, subject_id)
            """)
        {
            let key = try key(row)
            let slot = ScoreCounts.Slot(
                model: key.model, rule: try row[4, as: Int16.self], day: try row[5, as: Int32.self])
            entries[key, default: Entry()].counted[slot] = ScoreCounts.places(try row[6, as: JSON.self])
        }
        return entries
    }

    /// Everything carried for contacts, of all subjects that each is; the callers hold their locks.
    public static func load(
        ofContacts contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [Key: Entry]] {
        guard !contacts.isEmpty else { return [:] }
        let members = try IdentityGraph.members(of: Array(contacts), in: session)
        let owners = Dictionary(members.map { ($0.subject, $0.contact) }) { first, _ in first }
        return try load(of: owners.keys, in: session).reduce(into: [:]) { carried, entry in
            guard let owner = owners[entry.key.subject] else { return }
            carried[owner, default: [:]][entry.key] = entry.value
        }
    }

    /// Adds sums to what is carried, and writes lists in place of those there were; the caller holds the contacts' locks.
    public static func add(_ entries: [Key: Entry], in session: PostgresSession) throws {
        let sorted = entries.sorted { $0.key.subject < $1.key.subject }
        let terms = sorted.flatMap { key, entry in entry.balance.terms.map { (key: key, term: $0) } }
        if !terms.isEmpty {
            try session.execute(
                """
                insert into carried_scores (workspace_id, subject_id, model, rules, until, epoch, amount)
                select u.w, u.subject, u.model, u.rules, coalesce(u.until, 'infinity'), u.epoch, u.amount
                from unnest(
                    \(terms.map(\.key.subject.workspace)), \(terms.map(\.key.subject.contact)),
                    \(terms.map(\.key.model)), \(terms.map(\.key.rules)), \(terms.map(\.term.until)),
                    \(terms.map(\.term.epoch)), \(terms.map(\.term.amount))
                ) as u (w, subject, model, rules, until, epoch, amount)
                on conflict (workspace_id, subject_id, model, rules, until, epoch)
                do update set amount = carried_scores.amount + excluded.amount
                """)
        }
        let lists = sorted.flatMap { key, entry in entry.counted.map { (key: key, slot: $0, places: $1) } }
        guard !lists.isEmpty else { return }
        try session.execute(
            """
            insert into carried_counts (workspace_id, subject_id, model, rules, rule, day, counted)
            select * from unnest(
                \(lists.map(\.key.subject.workspace)), \(lists.map(\.key.subject.contact)),
                \(lists.map(\.key.model)), \(lists.map(\.key.rules)), \(lists.map(\.slot.rule)),
                \(lists.map(\.slot.day)), \(lists.map { ScoreCounts.json($0.places) }))
            on conflict (workspace_id, subject_id, model, rules, rule, day) do update set counted = excluded.counted
            """)
    }

    private static func key(_ row: PostgresRow) throws -> Key {
        Key(subject: try ContactKey(row: row), model: try row[2, as: String.self], rules: try row[3, as: UniqueID.self])
    }
}
