public import Model
public import Postgres

/// The links between subjects: which ones events named together, and by which link each person holds together.
///
/// Of several events that name the same two together the earliest counts, so that there is one row a pair.
public enum IdentityGraph {
    /// Two subjects that an event named together: the one it is about, and that of a weaker name.
    public struct Pair: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var subject: UniqueID
        public var other: UniqueID

        public init(workspace: WorkspaceID, subject: UniqueID, other: UniqueID) {
            self.workspace = workspace
            self.subject = subject
            self.other = other
        }
    }

    /// A link with the event that made it.
    public struct Link: Sendable, Hashable {
        public var pair: Pair
        public var at: Timestamp
        public var eventID: String
        /// Whether the two are one person by this link.
        public var isHeld: Bool

        public init(pair: Pair, at: Timestamp, eventID: String, isHeld: Bool = false) {
            self.pair = pair
            self.at = at
            self.eventID = eventID
            self.isHeld = isHeld
        }
    }

    /// A subject with the contact that it belongs to by now.
    public struct Member: Sendable, Hashable {
        public var subject: ContactKey
        public var contact: ContactKey
        /// What sort of name it began as; nil where it has none.
        public var kind: Identity.Kind?
    }

    /// Those of `pairs` that are linked already.
    public static func links(
        of pairs: some Collection<Pair>, in session: PostgresSession
    ) throws -> [Pair: Link] {
        let rows = try session.query(
            """
            select workspace_id, l.subject_id, l.other_id, l.at, l.event_id, l.held
            from unnest(\(pairs.map(\.workspace)), \(pairs.map(\.subject)), \(pairs.map(\.other)))
                as u (workspace_id, subject_id, other_id)
            join identity_links l using (workspace_id, subject_id, other_id)
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try Link(row: $0) }.map { ($0.pair, $0) })
    }

    /// All subjects of `contacts`, whose locks are held.
    public static func members(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [Member] {
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (w, contact)
            ), members as (
                select w, contact as subject, contact from wanted
                union all
                select w, c.contact_id, contact
                from wanted join contacts c on c.workspace_id = w and c.merged_into = contact
            )
            select m.w, m.subject, m.contact, array_agg(i.kind) filter (where i.kind is not null)
            from members m left join identities i on i.workspace_id = m.w and i.subject_id = m.subject
            group by m.w, m.subject, m.contact
            """)
        return try rows.map { row in
            let (workspace, subject, contact, kinds) = try row.decode(
                (WorkspaceID.self, UniqueID.self, UniqueID.self, [String]?.self))
            return Member(
                subject: ContactKey(workspace: workspace, contact: subject),
                contact: ContactKey(workspace: workspace, contact: contact),
                kind: (kinds ?? []).compactMap { Identity.Kind(rawValue: $0) }.min())
        }
    }

    /// The links by which `subjects` belong to whom they belong to.
    public static func held(
        among subjects: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [Link] {
        try session.query(
            """
            select workspace_id, l.subject_id, l.other_id, l.at, l.event_id, l.held
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, subject_id)
            join identity_links l using (workspace_id, subject_id)
            where l.held
            """
        ).map { try Link(row: $0) }
    }

    /// Writes links as they stand now; the locks of their contacts are held.
    public static func save(_ links: some Collection<Link>, in session: PostgresSession) throws {
        guard !links.isEmpty else { return }
        let sorted = links.sorted {
            ($0.pair.workspace, $0.pair.subject, $0.pair.other) < ($1.pair.workspace, $1.pair.subject, $1.pair.other)
        }
        try session.execute(
            """
            insert into identity_links (workspace_id, subject_id, other_id, at, event_id, held)
            select * from unnest(
                \(sorted.map(\.pair.workspace)), \(sorted.map(\.pair.subject)), \(sorted.map(\.pair.other)),
                \(sorted.map(\.at)), \(sorted.map(\.eventID)), \(sorted.map(\.isHeld)))
            on conflict (workspace_id, subject_id, other_id)
            do update set at = excluded.at, event_id = excluded.event_id, held = excluded.held
            """)
    }
}

extension IdentityGraph.Link {
    fileprivate init(row: PostgresRow) throws {
        let (workspace, subject, other, at, eventID, isHeld) = try row.decode(
            (WorkspaceID.self, UniqueID.self, UniqueID.self, Timestamp.self, String.self, Bool.self))
        self.init(
            pair: IdentityGraph.Pair(workspace: workspace, subject: subject, other: other), at: at, eventID: eventID,
            isHeld: isHeld)
    }
}
