public import Model
public import Postgres

/// When contacts reached their stages: append-only, one row a move.
public enum Stages {
    public struct Reached: Sendable, Hashable {
        public var contact: ContactKey
        public var stage: String
        public var previous: String?
        public var at: Timestamp
        public var eventID: String

        public init(contact: ContactKey, stage: String, previous: String?, at: Timestamp, eventID: String) {
            self.contact = contact
            self.stage = stage
            self.previous = previous
            self.at = at
            self.eventID = eventID
        }
    }

    public static func append(_ rows: [Reached], now: Timestamp, in session: PostgresSession) throws {
        guard !rows.isEmpty else { return }
        try session.execute(
            """
            insert into stages (workspace_id, contact_id, stage, previous, at, event_id, decided_at)
            select u.w, u.contact, u.stage, u.previous, u.at, u.event_id, \(now)
            from unnest(
                \(rows.map(\.contact.workspace)), \(rows.map(\.contact.contact)), \(rows.map(\.stage)),
                \(rows.map(\.previous)), \(rows.map(\.at)), \(rows.map(\.eventID))
            ) with ordinality as u (w, contact, stage, previous, at, event_id, place)
            order by u.place
            """)
    }
}
