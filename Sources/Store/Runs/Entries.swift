public import Expressions
public import Model
public import Postgres

/// What a run begins with: the event that starts it, and the key under which there is one of its kind.
public enum Entries {
    /// Of one key a contact has one run of a journey, ever.
    public struct Key: Sendable, Hashable {
        public var contact: ContactKey
        public var journey: String
        public var key: String

        public init(contact: ContactKey, journey: String, key: String) {
            self.contact = contact
            self.journey = journey
            self.key = key
        }
    }

    /// Those of `keys` that are used; the caller holds the contacts' locks.
    public static func used(among keys: some Collection<Key>, in session: PostgresSession) throws -> Set<Key> {
        guard !keys.isEmpty else { return [] }
        let rows = try session.query(
            """
            select r.workspace_id, r.contact_id, r.journey, r.entry_key
            from unnest(
                \(keys.map(\.contact.workspace)), \(keys.map(\.contact.contact)), \(keys.map(\.journey)),
                \(keys.map(\.key))) as u (workspace_id, contact_id, journey, entry_key)
            join runs r using (workspace_id, contact_id, journey, entry_key)
            """)
        return Set(
            try rows.map { row in
                Key(
                    contact: try ContactKey(row: row), journey: try row[2, as: String.self],
                    key: try row[3, as: String.self])
            })
    }

    /// Names an event of the log by its subject and its place.
    public struct EventKey: Sendable, Hashable {
        public var subject: ContactKey
        public var at: Timestamp
        public var eventID: String

        public init(subject: ContactKey, at: Timestamp, eventID: String) {
            self.subject = subject
            self.at = at
            self.eventID = eventID
        }
    }

    /// When the earliest of each contact's events was received, as far as the log has them.
    public static func receipts(
        of events: [ContactKey: [EventKey]], in session: PostgresSession
    ) throws -> [ContactKey: Timestamp] {
        let keys = events.flatMap { contact, keys in keys.map { (contact: contact, event: $0) } }
        guard !keys.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.contact_id, min(l.received_at)
            from unnest(
                \(keys.map(\.contact.workspace)), \(keys.map(\.contact.contact)), \(keys.map(\.event.subject.contact)),
                \(keys.map(\.event.at)), \(keys.map(\.event.eventID))
            ) as u (workspace_id, contact_id, subject_id, at, event_id)
            cross join lateral (
                -- Event by event: for many at once the planner would rather read the whole log, until that is long.
                select received_at from event_log
                where workspace_id = u.workspace_id and subject_id = u.subject_id and event_id = u.event_id and at = u.at
                offset 0) l
            group by u.workspace_id, u.contact_id
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try ContactKey(row: $0), try $0[2, as: Timestamp.self]) })
    }

    /// The events of the given keys; those that the log does not have are left out.
    public static func events(
        _ keys: some Collection<EventKey>, in session: PostgresSession
    ) throws -> [EventKey: HistoryEvent] {
        guard !keys.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select u.workspace_id, u.subject_id, u.at, u.event_id, l.name, l.properties, l.context
            from unnest(
                \(keys.map(\.subject.workspace)), \(keys.map(\.subject.contact)), \(keys.map(\.at)),
                \(keys.map(\.eventID))) as u (workspace_id, subject_id, at, event_id)
            cross join lateral (
                -- Event by event, as above.
                select name, properties, context from event_log
                where workspace_id = u.workspace_id and subject_id = u.subject_id and event_id = u.event_id and at = u.at
                offset 0) l
            """)
        var events: [EventKey: HistoryEvent] = [:]
        for row in rows {
            let (at, eventID) = (try row[2, as: Timestamp.self], try row[3, as: String.self])
            events[EventKey(subject: try ContactKey(row: row), at: at, eventID: eventID)] = HistoryEvent(
                at: at, eventID: eventID, name: try row[4, as: String.self], properties: try row[5, as: JSON.self],
                context: try row[6, as: JSON.self])
        }
        return events
    }
}
