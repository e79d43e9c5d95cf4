public import Model
public import Postgres

/// When contacts last bought, as far as the log has it from somebody who may be believed: a server or an import, and not
/// whoever has the public key.
public enum Sales {
    /// An event that says that a contact has bought.
    public struct Question: Sendable, Hashable {
        public var contact: ContactKey
        public var event: String

        public init(contact: ContactKey, event: String) {
            self.contact = contact
            self.event = event
        }
    }

    /// That a contact has bought.
    public struct Sale: Sendable, Hashable {
        public var contact: ContactKey
        public var event: String
        public var at: Timestamp

        public init(contact: ContactKey, event: String, at: Timestamp) {
            self.contact = contact
            self.event = event
            self.at = at
        }
    }

    /// The latest sales until `now`, by contact and event; none for those that there are not.
    ///
    /// - Parameter questions: of contacts that have not merged into others.
    public static func latest(
        _ questions: Set<Question>, now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: [String: Timestamp]] {
        guard !questions.isEmpty else { return [:] }
        let questions = Array(questions)
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(
                    \(questions.map(\.contact.workspace)), \(questions.map(\.contact.contact)), \(questions.map(\.event))
                ) as u (workspace_id, contact_id, name)
            ), subjects as (
                select workspace_id, contact_id, contact_id as subject_id, name from wanted
                union all
                select w.workspace_id, w.contact_id, c.contact_id, w.name
                from wanted w
                join contacts c on c.workspace_id = w.workspace_id and c.merged_into = w.contact_id
            )
            select s.workspace_id, s.contact_id, s.name, max(e.at)
            from subjects s cross join lateral (
                -- Subject by subject, as with `EventLog.history`.
                select at from event_times
                where workspace_id = s.workspace_id and subject_id = s.subject_id and name = s.name and at <= \(now)
                offset 0) e
            group by s.workspace_id, s.contact_id, s.name
            """)
        var latest: [ContactKey: [String: Timestamp]] = [:]
        for row in rows {
            latest[try ContactKey(row: row), default: [:]][try row[2, as: String.self]] = try row[3, as: Timestamp.self]
        }
        return latest
    }

    /// When the contacts bought, as far back as the log reaches; for whoever may read it.
    ///
    /// - Parameters:
    ///   - contacts: none that has merged into another.
    ///   - names: the events that say that a contact has bought.
    public static func all(
        of contacts: [ContactKey], names: Set<String>, in session: PostgresSession
    ) throws -> Set<Sale> {
        guard !names.isEmpty else { return [] }
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            ), subjects as (
                select workspace_id, contact_id, contact_id as subject_id from wanted
                union all
                select w.workspace_id, w.contact_id, c.contact_id
                from wanted w
                join contacts c on c.workspace_id = w.workspace_id and c.merged_into = w.contact_id
            )
            select s.workspace_id, s.contact_id, e.name, e.at
            from subjects s cross join lateral (
                -- Subject by subject, as with `EventLog.history`.
                select name, at from event_log
                where workspace_id = s.workspace_id and subject_id = s.subject_id and trust > 0
                    and name = any (\(Array(names)))
                offset 0) e
            """)
        return Set(
            try rows.map { row in
                Sale(
                    contact: try ContactKey(row: row), event: try row[2, as: String.self],
                    at: try row[3, as: Timestamp.self])
            })
    }
}
