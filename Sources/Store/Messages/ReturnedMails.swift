public import Model
public import Postgres

/// What came back of mails, as it stands with the messages.
public enum ReturnedMails {
    /// A mail that something came back of.
    public struct Mail: Sendable, Hashable {
        public var message: Message
        /// Where it went.
        public var address: String?
    }

    /// The messages that marks name, whoever their contacts have merged into. Those of erased people are gone.
    public static func find(
        _ marks: some Collection<MessageMark>, in session: PostgresSession
    ) throws -> [MessageMark: Mail] {
        let marks = Array(Set(marks))
        guard !marks.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select \(unescaped: Claims.columns), m.address, u.place
            from unnest(
                \(marks.map(\.workspace)), \(marks.map { UniqueID(high: $0.contact, low: 0) }),
                \(marks.map { UniqueID(high: $0.contact, low: .max) }),
                \(marks.map { UniqueID(high: $0.message, low: 0) }),
                \(marks.map { UniqueID(high: $0.message, low: .max) }), \(marks.indices.map { Int32($0) })
            ) as u (workspace_id, contact_from, contact_to, message_from, message_to, place)
            join contacts c on c.workspace_id = u.workspace_id and c.contact_id between u.contact_from and u.contact_to
            join messages m on m.workspace_id = c.workspace_id and m.contact_id = coalesce(c.merged_into, c.contact_id)
                and m.message_id between u.message_from and u.message_to
            where (m.state in ('handed', 'accepted', 'unknown') or m.resent_at is not null) and m.channel in ('email', 'notify')
            """)
        return try rows.reduce(into: [:]) { found, row in
            let mail = Mail(message: try Message(row: row), address: try row[13, as: String?.self])
            found[marks[Int(try row[14, as: Int32.self])]] = mail
        }
    }

    /// That a mail came back.
    public struct Return: Sendable, Hashable {
        public var mail: Mail
        public var failure: Claims.Failure
        public var words: String

        public init(mail: Mail, failure: Claims.Failure, words: String) {
            self.mail = mail
            self.failure = failure
            self.words = words
        }

        /// A complaint counts beside whatever came before it.
        public static let complaint = "complaint"
    }

    /// Records what came back of mails; what stands stays, but where a complaint comes after it.
    ///
    /// - Returns: the ids of those of which nothing stood.
    /// - Throws: `StoreError.mergedMeanwhile` where a message is its contact's no more: find it again.
    public static func record(
        _ returns: [Return], now: Timestamp, in session: PostgresSession
    ) throws -> Set<UniqueID> {
        guard !returns.isEmpty else { return [] }
        // In the order that all writers of several messages keep.
        let sorted = returns.sorted {
            ($0.mail.message.contact, $0.mail.message.id) < ($1.mail.message.contact, $1.mail.message.id)
        }
        let rows = try session.query(
            """
            with found as (
                select m.workspace_id, m.contact_id, m.message_id, u.failure, u.status, u.words,
                    m.came_back_at is null or u.failure = \(Return.complaint) and m.failure <> u.failure as is_news
                from unnest(
                    \(sorted.map(\.mail.message.contact.workspace)), \(sorted.map(\.mail.message.contact.contact)),
                    \(sorted.map(\.mail.message.id)), \(sorted.map(\.failure.kind)), \(sorted.map(\.failure.status)),
                    \(sorted.map(\.words))
                ) as u (workspace_id, contact_id, message_id, failure, status, words)
                join messages m using (workspace_id, contact_id, message_id)
                order by m.workspace_id, m.contact_id, m.message_id for no key update of m
            ), recorded as (
                update messages m
                set failure = f.failure, failure_status = f.status, came_back_at = \(now), came_back_words = f.words
                from found f
                where m.workspace_id = f.workspace_id and m.contact_id = f.contact_id and m.message_id = f.message_id
                    and f.is_news
            )
            select message_id, is_news from found
            """)
        guard rows.count == Set(returns.map(\.mail.message.id)).count else { throw StoreError.mergedMeanwhile }
        return Set(try rows.filter { try $0[1, as: Bool.self] }.map { try $0[0, as: UniqueID.self] })
    }
}
