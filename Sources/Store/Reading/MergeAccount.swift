public import Model
public import Postgres

/// The account of how a contact came to be one person, for people who ask.
public struct MergeAccount: Sendable, Hashable {
    /// One subject that came to the contact, or left it.
    public struct Step: Sendable, Hashable {
        public enum Rule: Sendable, Hashable {
            case joined
            case moved
            /// Nothing came of the link: each of the two belongs to a user of its own.
            case refused
        }

        public var rule: Rule
        /// Domain time; nil for a link of which nothing came.
        public var decidedAt: Timestamp?
        /// The event that said so.
        public var eventAt: Timestamp
        public var eventID: String
        /// The contact or subject that came or left; of a refused link the weaker name's subject.
        public var subject: UniqueID
        public var from: UniqueID
        public var to: UniqueID
        /// The two names that the event linked, where they are known.
        public var strong: Identity?
        public var weak: Identity?
    }

    public var contact: ContactKey
    public var names: [Identity]
    /// In the order in which they were decided; links of which nothing came last.
    public var steps: [Step]

    public static func load(of contact: ContactKey, in session: PostgresSession) throws -> MergeAccount {
        let rows = try session.query(
            """
            with subjects as (
                select contact_id as subject from contacts
                where workspace_id = \(contact.workspace)
                    and (contact_id = \(contact.contact) or merged_into = \(contact.contact))
            ), steps as (
                select m.rule, m.decided_at, m.event_at, m.event_id, m.subject_id, m.from_contact, m.contact_id,
                    m.linked_subject, m.linked_other
                from subjects s join merges m
                    on m.workspace_id = \(contact.workspace) and (m.contact_id = s.subject or m.from_contact = s.subject)
                union
                select 'refused', null, l.at, l.event_id, l.other_id, coalesce(o.merged_into, o.contact_id),
                    coalesce(k.merged_into, k.contact_id), l.subject_id, l.other_id
                from subjects s
                join identity_links l on l.workspace_id = \(contact.workspace) and not l.held
                    and (l.subject_id = s.subject or l.other_id = s.subject)
                join contacts k on k.workspace_id = l.workspace_id and k.contact_id = l.subject_id
                join contacts o on o.workspace_id = l.workspace_id and o.contact_id = l.other_id
                where coalesce(k.merged_into, k.contact_id) <> coalesce(o.merged_into, o.contact_id)
            )
            select s.rule, s.decided_at, s.event_at, s.event_id, s.subject_id, s.from_contact, s.contact_id,
                (select i.kind || ' ' || i.value from identities i
                    where i.workspace_id = \(contact.workspace) and i.subject_id = s.linked_subject
                    order by i.kind desc limit 1),
                (select i.kind || ' ' || i.value from identities i
                    where i.workspace_id = \(contact.workspace) and i.subject_id = s.linked_other
                    order by i.kind desc limit 1)
            from steps s order by s.decided_at nulls last, s.event_at, s.event_id, s.subject_id
            """)
        return MergeAccount(
            contact: contact, names: try Identities.all(of: contact, in: session),
            steps: try rows.map { row in
                let (rule, decidedAt, eventAt, eventID, subject, from, to, strong, weak) = try row.decode(
                    (
                        String.self, Timestamp?.self, Timestamp.self, String.self, UniqueID.self, UniqueID.self,
                        UniqueID.self, String?.self, String?.self
                    ))
                return Step(
                    rule: rule == "joined" ? .joined : rule == "moved" ? .moved : .refused, decidedAt: decidedAt,
                    eventAt: eventAt, eventID: eventID, subject: subject, from: from, to: to,
                    strong: strong.flatMap(Identity.init(stored:)), weak: weak.flatMap(Identity.init(stored:)))
            })
    }
}

extension Identity {
    /// Reads `kind value`.
    fileprivate init?(stored text: String) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.init(kind, String(parts[1]))
    }
}
