public import Model
public import Postgres

/// Messages that are laid out for their contacts' next visits.
public enum VisitMessages {
    /// One that may be shown.
    public struct LaidOut: Sendable, Hashable {
        public var contact: ContactKey
        public var id: UniqueID
        public var journey: String
        public var step: String
        /// The revision of the definitions that says what is shown.
        public var revision: Int32
        public var plannedAt: Timestamp
    }

    /// The oldest message that may be shown to a visitor: it is neither shown nor expired nor withdrawn, its journey does not
    /// stand still, and its run has not ended before its last step.
    ///
    /// The gate has let it through long before: its contact may have merged into somebody who had withdrawn the topic, and a
    /// suppression takes nothing back that lies ready. So what they say is asked for once more.
    ///
    /// - Parameter visitor: the subject of the browser; its contact is whoever it has merged into.
    public static func next(
        for visitor: ContactKey, now: Timestamp, in session: PostgresSession
    ) throws -> LaidOut? {
        try session.query(
            """
            select m.workspace_id, m.contact_id, m.message_id, m.journey, m.step, m.revision, m.planned_at
            from contacts c
            join messages m on m.workspace_id = c.workspace_id and m.contact_id = coalesce(c.merged_into, c.contact_id)
            join runs r on r.workspace_id = m.workspace_id and r.contact_id = m.contact_id and r.run_id = m.run_id
            left join journeys j on j.workspace_id = m.workspace_id and j.journey = m.journey
            where c.workspace_id = \(visitor.workspace) and c.contact_id = \(visitor.contact)
                and m.channel = 'site' and m.shown_at is null and m.state = 'accepted' and m.show_until > \(now)
                and (r.outcome is null or r.outcome = 'finished') and j.paused_at is null
                and not is_suppressed_visitor(m.workspace_id, m.contact_id, m.topic is not null)
                and not exists (
                    select from consents w
                    where w.workspace_id = m.workspace_id and w.contact_id = m.contact_id and w.topic = m.topic
                        and w.state in ('withdrawn', 'denied') and w.channel in ('email', 'site') and not exists (
                            select from consents g
                            where g.workspace_id = w.workspace_id and g.contact_id = w.contact_id
                                and g.topic = w.topic and g.channel = w.channel and g.state = 'given' and g.at > w.at
                                and (not starts_with(g.source, \(ConsentStatement.importMark))
                                    or starts_with(w.source, \(ConsentStatement.importMark)))))
            order by m.planned_at, m.message_id limit 1
            """
        ).first.map { row in
            LaidOut(
                contact: try ContactKey(row: row), id: try row[2, as: UniqueID.self],
                journey: try row[3, as: String.self], step: try row[4, as: String.self],
                revision: try row[5, as: Int32.self], plannedAt: try row[6, as: Timestamp.self])
        }
    }

    /// Notes that the site has shown messages; their contacts may have merged since. What others hold is waited for no longer
    /// than by any other: rows are taken in the order of their keys.
    public static func noteShown(
        _ shown: [(message: UniqueID, contact: ContactKey)], now: Timestamp, in session: PostgresSession
    ) throws {
        guard !shown.isEmpty else { return }
        let contacts = shown.map(\.contact)
        try session.execute(
            """
            with shown as (
                select m.workspace_id, m.contact_id, m.message_id
                from unnest(
                    \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(shown.map(\.message))
                ) as u (workspace_id, contact_id, message_id)
                join contacts c using (workspace_id, contact_id)
                join messages m on m.workspace_id = c.workspace_id
                    and m.contact_id = coalesce(c.merged_into, c.contact_id) and m.message_id = u.message_id
                where m.channel = 'site' and m.shown_at is null
                order by m.workspace_id, m.contact_id, m.message_id
                for no key update of m
            )
            update messages m set shown_at = \(now) from shown s
            where m.workspace_id = s.workspace_id and m.contact_id = s.contact_id and m.message_id = s.message_id
            """)
    }
}
