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
        try insert(subjects.keys.filter { owners[$0] == nil }, into: [:], now: now, in: session)
        guard !owners.isEmpty else { return }
        // The survivors' locks keep a merge from moving them away meanwhile.
        let survivors = try Contacts.survivors(of: Array(owners.values), in: session)
        try Contacts.lock(Array(survivors.values), in: session)
        try insert(Array(owners.keys), into: owners.compactMapValues { survivors[$0] }, now: now, in: session)
    }

    private static func insert(
        _ contacts: [ContactKey], into survivors: [ContactKey: ContactKey], now: Timestamp,
        in session: PostgresSession
    ) throws {
        let sorted = contacts.sorted()
        try session.execute(
            """
            insert into contacts (workspace_id, contact_id, merged_into, created_at)
            select u.workspace_id, u.contact_id, u.merged_into, \(now)
            from unnest(
                \(sorted.map(\.workspace)), \(sorted.map(\.contact)), \(sorted.map { survivors[$0]?.contact })
            ) as u (workspace_id, contact_id, merged_into)
            on conflict do nothing
            """)
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
