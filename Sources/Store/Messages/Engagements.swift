public import Model
public import Postgres

/// How contacts have reacted to the marketing mails that they had: what a sunset asks.
public enum Engagements {
    /// One contact, and what counts as a sign of theirs.
    public struct Question: Sendable, Hashable {
        public var contact: ContactKey
        public var signs: Set<String>
        /// A sign that is known already.
        public var knownSign: Timestamp?

        public init(contact: ContactKey, signs: Set<String>, knownSign: Timestamp?) {
            self.contact = contact
            self.signs = signs
            self.knownSign = knownSign
        }
    }

    /// What is known of one contact.
    public struct Found: Sendable, Hashable {
        public var lastSign: Timestamp?
        /// The mails of a topic that were handed over since, and when the first was.
        public var mails: Int
        public var firstMail: Timestamp?
    }

    /// - Parameter questions: of contacts that have not merged into others, each once.
    public static func load(
        of questions: [Question], now: Timestamp, in session: PostgresSession
    ) throws -> [ContactKey: Found] {
        guard !questions.isEmpty else { return [:] }
        let names = Set(questions.flatMap(\.signs)).sorted()
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(
                    \(questions.map(\.contact.workspace)), \(questions.map(\.contact.contact)),
                    \(questions.map(\.knownSign)), \(questions.map { JSON.array($0.signs.sorted().map { .string($0) }) })
                ) as u (workspace_id, contact_id, known_sign, signs)
            ), subjects as (
                select workspace_id, contact_id, contact_id as subject_id, signs from wanted
                union all
                select w.workspace_id, w.contact_id, c.contact_id, w.signs
                from wanted w
                join contacts c on c.workspace_id = w.workspace_id and c.merged_into = w.contact_id
            ), signs as (
                select s.workspace_id, s.contact_id, max(e.at) as at
                from subjects s cross join lateral (
                    -- Subject by subject, as with `EventLog.history`.
                    select at from signs_of_life
                    where workspace_id = s.workspace_id and subject_id = s.subject_id and name = any(\(names))
                        and s.signs ? name and at <= \(now)
                    offset 0) e
                group by s.workspace_id, s.contact_id
            ), last as (
                -- Of two that are not null the greater; else the one that is not.
                select w.workspace_id, w.contact_id, greatest(w.known_sign, s.at) as sign
                from wanted w left join signs s using (workspace_id, contact_id)
            )
            select l.workspace_id, l.contact_id, l.sign, m.mails, m.first_at
            from last l
            cross join lateral (
                select count(*) as mails, min(coalesce(handed_at, final_at)) as first_at from messages
                where workspace_id = l.workspace_id and contact_id = l.contact_id and topic is not null
                    and channel = 'email' and state in ('handed', 'accepted', 'unknown')
                    and (l.sign is null or coalesce(handed_at, final_at) > l.sign)
            ) m
            """)
        var found: [ContactKey: Found] = [:]
        for row in rows {
            let (lastSign, mails, firstMail) = (
                try row[2, as: Timestamp?.self], try row[3, as: Int64.self], try row[4, as: Timestamp?.self]
            )
            found[try ContactKey(row: row)] = Found(lastSign: lastSign, mails: Int(mails), firstMail: firstMail)
        }
        return found
    }
}
