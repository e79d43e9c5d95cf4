public import Model
public import Postgres

/// The account of merges: which subject came to which contact, when, by which event and link, under which rule.
public enum Merges {
    public enum Rule: String, Sendable {
        /// Two people turned out to be one: at most one of them had a user id.
        case joined
        /// A name belongs to the user who was linked to it first, and an earlier link has become known.
        case moved
    }

    public struct Entry: Sendable, Hashable {
        /// The contact that the subject came to.
        public var contact: ContactKey
        /// Where the rule is `joined`, the contact that went.
        public var subject: UniqueID
        public var from: UniqueID
        public var link: IdentityGraph.Link
        public var rule: Rule
        /// Domain time.
        public var decidedAt: Timestamp

        public init(
            contact: ContactKey, subject: UniqueID, from: UniqueID, link: IdentityGraph.Link, rule: Rule,
            decidedAt: Timestamp
        ) {
            self.contact = contact
            self.subject = subject
            self.from = from
            self.link = link
            self.rule = rule
            self.decidedAt = decidedAt
        }
    }

    public static func append(_ entries: [Entry], in session: PostgresSession) throws {
        guard !entries.isEmpty else { return }
        try session.execute(
            """
            insert into merges (
                workspace_id, contact_id, subject_id, event_at, event_id, from_contact, linked_subject, linked_other, rule,
                decided_at)
            select * from unnest(
                \(entries.map(\.contact.workspace)), \(entries.map(\.contact.contact)), \(entries.map(\.subject)),
                \(entries.map(\.link.at)), \(entries.map(\.link.eventID)), \(entries.map(\.from)),
                \(entries.map(\.link.pair.subject)), \(entries.map(\.link.pair.other)), \(entries.map(\.rule.rawValue)),
                \(entries.map(\.decidedAt)))
            on conflict do nothing
            """)
    }
}
