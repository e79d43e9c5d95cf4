public import Model
public import Postgres

/// Names and the subjects they stand for.
///
/// Each name derives a subject of its own (`Identity.subjectID`). A name that came as the weaker one of an event whose
/// subject was another points to that one from the start, if it was new then.
public enum Identities {
    /// A name with the subject that it is to stand for, unless it stands for one already.
    public struct Claim: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var identity: Identity
        public var subject: UniqueID

        public init(workspace: WorkspaceID, identity: Identity, subject: UniqueID) {
            self.workspace = workspace
            self.identity = identity
            self.subject = subject
        }

        fileprivate var order: (Int32, String, String) { (workspace.rawValue, identity.kind.rawValue, identity.value) }
    }

    /// Makes what is missing of names and contacts. Runs in a short transaction of its own: crossing inserts deadlock.
    ///
    /// Subjects become contacts. A subject whose own name already stands for another one (it came beside a stronger name
    /// before it came alone) becomes a contact merged into that one's survivor.
    ///
    /// - Parameter subjects: the subjects, each with its name where it has one.
    public static func ensure(
        _ claims: [Claim], subjects: [ContactKey: Identity?], now: Timestamp, in session: PostgresSession
    ) throws {
        let sorted = claims.sorted { $0.order < $1.order }
        try session.execute(
            """
            insert into identities (workspace_id, kind, value, subject_id)
            select u.workspace_id, u.kind, u.value, u.subject_id
            from unnest(
                \(sorted.map(\.workspace)), \(sorted.map(\.identity.kind.rawValue)), \(sorted.map(\.identity.value)),
                \(sorted.map(\.subject))) as u (workspace_id, kind, value, subject_id)
            on conflict do nothing
            """)
        let named = subjects.compactMap { key, identity in identity.map { (workspace: key.workspace, identity: $0) } }
        let standing = try Self.subjects(of: named, in: session)
        var owners: [ContactKey: ContactKey] = [:]
        for (key, identity) in subjects {
            guard let identity, let owner = standing[key.workspace]?[identity], owner != key.contact else { continue }
            owners[key] = ContactKey(workspace: key.workspace, contact: owner)
        }
        _ = try insert(subjects.keys.filter { owners[$0] == nil }, into: [:], now: now, in: session)
        try join(owners, named: subjects, now: now, in: session)
    }

    /// Makes contacts of subjects whose names stand for somebody already, who is from here on known by them as well.
    private static func join(
        _ owners: [ContactKey: ContactKey], named names: [ContactKey: Identity?], now: Timestamp,
        in session: PostgresSession
    ) throws {
        guard !owners.isEmpty else { return }
        // The survivors' locks keep a merge from moving them away meanwhile.
        var survivors = try Contacts.survivors(of: Array(owners.values), in: session)
        let locked = Set(survivors.values)
        try Contacts.lock(locked, in: session)
        let made = try insert(
            Array(owners.keys), into: owners.compactMapValues { survivors[$0] }, now: now, in: session)
        for newcomer in made.sorted() {
            guard let owner = owners[newcomer], let survivor = survivors[owner], let name = names[newcomer] ?? nil,
                Rank(kind: name.kind, contact: newcomer) < (try rank(of: survivor, in: session))
            else { continue }
            // Had it come first it would have survived, so it does now.
            try Merging.succeed(survivor, by: newcomer, now: now, in: session)
            survivors = survivors.mapValues { $0 == survivor ? newcomer : $0 }
        }
        let joined = try Contacts.states(of: Set(survivors.values), in: session).values
        try Contacts.describe(
            joined.compactMap { state in
                var state = state
                return state.forgetHearsay() ? state : nil
            }, in: session)
    }

    /// Orders contacts by the name that they began with: whichever way they come together, the first of all survives.
    public struct Rank: Sendable, Comparable {
        public var kind: Identity.Kind
        public var contact: ContactKey

        public static func < (left: Rank, right: Rank) -> Bool {
            (left.kind, left.contact) < (right.kind, right.contact)
        }
    }

    /// The rank of a contact that has not merged into another.
    public static func rank(of contact: ContactKey, in session: PostgresSession) throws -> Rank {
        // Its own name may have come as another's weaker one, and so be found with the one that has merged into it.
        let own = try all(of: contact, in: session).first { $0.subjectID(in: contact.workspace) == contact.contact }
        return Rank(kind: own?.kind ?? .email, contact: contact)
    }

    /// - Returns: those that there were not.
    private static func insert(
        _ contacts: [ContactKey], into survivors: [ContactKey: ContactKey], now: Timestamp,
        in session: PostgresSession
    ) throws -> [ContactKey] {
        let sorted = contacts.sorted()
        return try session.query(
            """
            insert into contacts (workspace_id, contact_id, merged_into, created_at)
            select u.workspace_id, u.contact_id, u.merged_into, \(now)
            from unnest(
                \(sorted.map(\.workspace)), \(sorted.map(\.contact)), \(sorted.map { survivors[$0]?.contact })
            ) as u (workspace_id, contact_id, merged_into)
            on conflict do nothing
            returning workspace_id, contact_id
            """
        ).map { try ContactKey(row: $0) }
    }

    /// The subjects that names stand for; names nobody has used are left out.
    public static func subjects(
        of identities: [(workspace: WorkspaceID, identity: Identity)], in session: PostgresSession
    ) throws -> [WorkspaceID: [Identity: UniqueID]] {
        let rows = try session.query(
            """
            select i.workspace_id, i.kind, i.value, i.subject_id
            from unnest(
                \(identities.map(\.workspace)), \(identities.map(\.identity.kind.rawValue)),
                \(identities.map(\.identity.value))) as u (workspace_id, kind, value)
            join identities i using (workspace_id, kind, value)
            """)
        var subjects: [WorkspaceID: [Identity: UniqueID]] = [:]
        for row in rows {
            let (workspace, kind, value, subject) = try row.decode(
                (WorkspaceID.self, String.self, String.self, UniqueID.self))
            guard let kind = Identity.Kind(rawValue: kind) else { continue }
            subjects[workspace, default: [:]][Identity(kind, value)] = subject
        }
        return subjects
    }

    /// All names of a contact, merged ones included.
    public static func all(of contact: ContactKey, in session: PostgresSession) throws -> [Identity] {
        try session.query(
            """
            select i.kind, i.value from contacts c
            join identities i on i.workspace_id = c.workspace_id and i.subject_id = c.contact_id
            where c.workspace_id = \(contact.workspace)
                and (c.contact_id = \(contact.contact) or c.merged_into = \(contact.contact))
            order by i.kind, i.value
            """
        ).compactMap { row in
            let (kind, value) = try row.decode((String.self, String.self))
            return Identity.Kind(rawValue: kind).map { Identity($0, value) }
        }
    }
}
