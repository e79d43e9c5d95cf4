public import Model
public import Postgres

/// What contacts have been sent of late: what frequency caps count.
///
/// The messages themselves are the account. One is counted from the moment that a mailer claims it, under the lock of the
/// contact's `send_state`, so that of several mailers each sees what the others have let through; it is counted no longer
/// once it has come back or has failed for good. Whatever build has sent it, and whoever its contact has merged into.
public enum RecentSends {
    public struct Send: Sendable, Hashable {
        public var topic: String
        /// Domain time of the hand-over; before it, of the question.
        public var at: Timestamp
        /// Journey and step: `welcome/hello`.
        public var name: String
    }

    /// The messages of a topic, but those that sites show, that contacts have had since an instant, or that mailers have in hand. The caller holds the
    /// contacts' `send_state`.
    ///
    /// - Parameter contacts: each with the instant.
    public static func load(
        of contacts: [(contact: ContactKey, since: Timestamp)], now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: [Send]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select m.workspace_id, m.contact_id, m.topic, coalesce(m.handed_at, m.final_at), m.state = 'claimed',
                m.journey || '/' || m.step
            from unnest(
                \(contacts.map(\.contact.workspace)), \(contacts.map(\.contact.contact)), \(contacts.map(\.since))
            ) as u (workspace_id, contact_id, since)
            join messages m using (workspace_id, contact_id)
            where m.topic is not null and m.channel <> 'site'
                and (m.state = 'claimed' or m.state in ('handed', 'accepted', 'unknown')
                    and coalesce(m.handed_at, m.final_at) > u.since)
            """)
        var sends: [ContactKey: [Send]] = [:]
        for row in rows {
            // A message that is tried again still says when it was handed over before.
            let isClaimed = try row[4, as: Bool.self]
            let at = isClaimed ? now : try row[3, as: Timestamp?.self] ?? now
            sends[try ContactKey(row: row), default: []].append(
                Send(topic: try row[2, as: String.self], at: at, name: try row[5, as: String.self]))
        }
        return sends
    }
}

extension Messages {
    /// Has the runs looked at that go on while their messages are held.
    public static func tellOfHold(_ messages: [Message], now: Timestamp, in session: PostgresSession) throws {
        try Timers.ring(messages.map { ($0.contact, $0.run) }, at: now, in: session)
    }
}
