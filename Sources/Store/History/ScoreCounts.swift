public import Expressions
public import Model
public import Postgres

/// Which events of capped rules are counted, in lists by contact, model, rule and day.
public enum ScoreCounts {
    /// Which list of a contact.
    public struct Slot: Sendable, Hashable {
        public var model: String
        public var rule: Int16
        public var day: Int32

        public init(model: String, rule: Int16, day: Int32) {
            self.model = model
            self.rule = rule
            self.day = day
        }
    }

    public struct Row: Sendable, Hashable {
        public var contact: ContactKey
        public var slot: Slot
        public var counted: [HistoryPosition]

        public init(contact: ContactKey, slot: Slot, counted: [HistoryPosition]) {
            self.contact = contact
            self.slot = slot
            self.counted = counted
        }
    }

    /// The lists of contacts on given days.
    ///
    /// - Parameter days: per contact; nil for all days.
    public static func load(
        of days: [ContactKey: Set<Int32>?], in session: PostgresSession
    ) throws -> [ContactKey: [Slot: [HistoryPosition]]] {
        guard !days.isEmpty else { return [:] }
        let some = days.flatMap { contact, days in (days ?? []).map { (contact, $0) } }
        let whole = days.filter { $0.value == nil }.map(\.key)
        var rows: [PostgresRow] = []
        if !some.isEmpty {
            rows += try session.query(
                """
                select workspace_id, contact_id, model, rule, day, counted
                from unnest(\(some.map(\.0.workspace)), \(some.map(\.0.contact)), \(some.map(\.1)))
                    as u (workspace_id, contact_id, day)
                join score_counts using (workspace_id, contact_id, day)
                """)
        }
        if !whole.isEmpty {
            rows += try session.query(
                """
                select workspace_id, contact_id, model, rule, day, counted
                from unnest(\(whole.map(\.workspace)), \(whole.map(\.contact))) as u (workspace_id, contact_id)
                join score_counts using (workspace_id, contact_id)
                """)
        }
        var lists: [ContactKey: [Slot: [HistoryPosition]]] = [:]
        for row in rows {
            let slot = Slot(
                model: try row[2, as: String.self], rule: try row[3, as: Int16.self], day: try row[4, as: Int32.self])
            lists[try ContactKey(row: row), default: [:]][slot] = places(try row[5, as: JSON.self])
        }
        return lists
    }

    /// Writes lists; the caller holds the contacts' locks.
    public static func save(_ rows: [Row], in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        let sorted = rows.sorted { $0.contact < $1.contact }
        try session.execute(
            """
            insert into score_counts (workspace_id, contact_id, day, model, rule, counted)
            select * from unnest(
                \(sorted.map(\.contact.workspace)), \(sorted.map(\.contact.contact)), \(sorted.map(\.slot.day)),
                \(sorted.map(\.slot.model)), \(sorted.map(\.slot.rule)), \(sorted.map { json($0.counted) }))
            on conflict (workspace_id, contact_id, day, model, rule) do update set counted = excluded.counted
            """)
    }

    /// Puts the lists of two contacts behind each other; they hold more than caps let through until they are settled.
    static func move(from merged: ContactKey, to survivor: ContactKey, in session: PostgresSession) throws {
        try session.execute(
            """
            with moved as (
                delete from score_counts
                where workspace_id = \(merged.workspace) and contact_id = \(merged.contact)
                returning day, model, rule, counted
            )
            insert into score_counts (workspace_id, contact_id, day, model, rule, counted)
            select \(survivor.workspace), \(survivor.contact), day, model, rule, counted from moved
            on conflict (workspace_id, contact_id, day, model, rule)
            do update set counted = score_counts.counted || excluded.counted
            """)
    }

    static func places(_ json: JSON) -> [HistoryPosition] {
        (json.array ?? []).compactMap { place in
            guard let parts = place.array, parts.count == 2, case .int(let at) = parts[0], let id = parts[1].string
            else { return nil }
            return HistoryPosition(at: Timestamp(microseconds: at), eventID: id)
        }
    }

    static func json(_ places: [HistoryPosition]) -> JSON {
        .array(places.map { .array([.int($0.at.microseconds), .string($0.eventID ?? "")]) })
    }
}
