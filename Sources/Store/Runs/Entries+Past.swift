public import Expressions
public import Model
public import Postgres

extension Entries {
    /// A contact and a journey.
    public struct Place: Sendable, Hashable {
        public var contact: ContactKey
        public var journey: String

        public init(contact: ContactKey, journey: String) {
            self.contact = contact
            self.journey = journey
        }

        public init(_ run: Run) { self.init(contact: run.contact, journey: run.journey) }
    }

    /// What one contact's runs of one journey say about entering again.
    public struct Past: Sendable, Hashable {
        /// Where in the history the last run began; nil: there was none.
        public var last: HistoryPosition?
        /// The last place at which an entry was refused since a run was under way.
        public var refused: HistoryPosition?
        /// How many runs have not ended.
        public var underWay: Int
    }

    /// What was entered before, of each of `places`; the caller holds the contacts' locks.
    public static func past(
        of places: some Collection<Place>, in session: PostgresSession
    ) throws -> [Place: Past] {
        guard !places.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.contact_id, u.journey, max(r.entry_at),
                (array_agg(r.entry_event_id order by r.entry_at desc nulls last, r.entry_event_id desc))[1],
                max(r.refused_at),
                (array_agg(r.refused_event_id order by r.refused_at desc nulls last, r.refused_event_id desc))[1],
                count(r.run_id) filter (where r.ended_at is null)
            from unnest(
                \(places.map(\.contact.workspace)), \(places.map(\.contact.contact)), \(places.map(\.journey))
            ) as u (workspace_id, contact_id, journey)
            left join runs r using (workspace_id, contact_id, journey)
            group by u.workspace_id, u.contact_id, u.journey
            """)
        var past: [Place: Past] = [:]
        for row in rows {
            let place = Place(contact: try ContactKey(row: row), journey: try row[2, as: String.self])
            past[place] = Past(
                last: try position(row, 3), refused: try position(row, 5), underWay: Int(try row[7, as: Int64.self]))
        }
        return past
    }

    private static func position(_ row: PostgresRow, _ column: Int) throws -> HistoryPosition? {
        guard let at = try row[column, as: Timestamp?.self] else { return nil }
        return HistoryPosition(at: at, eventID: try row[column + 1, as: String?.self] ?? "")
    }

    /// Notes, with the runs under way, at which place an entry was refused because of them.
    public static func refuse(_ refusals: [Place: HistoryPosition], in session: PostgresSession) throws {
        guard !refusals.isEmpty else { return }
        let sorted = refusals.sorted { ($0.key.contact, $0.key.journey) < ($1.key.contact, $1.key.journey) }
        try session.execute(
            """
            update runs r set refused_at = u.at, refused_event_id = u.event_id
            from unnest(
                \(sorted.map(\.key.contact.workspace)), \(sorted.map(\.key.contact.contact)), \(sorted.map(\.key.journey)),
                \(sorted.map(\.value.at)), \(sorted.map { $0.value.eventID ?? "" })
            ) as u (workspace_id, contact_id, journey, at, event_id)
            where r.workspace_id = u.workspace_id and r.contact_id = u.contact_id and r.journey = u.journey
                and r.ended_at is null
            """)
    }
}
