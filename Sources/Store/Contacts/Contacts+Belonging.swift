public import Model
public import Postgres

extension Contacts {
    /// Where a subject belongs.
    public struct Belonging: Sendable, Hashable {
        public var contact: ContactKey
        /// Somebody of this name was erased then: what was before is nobody's.
        public var erasedBefore: Timestamp?
    }

    /// The contact of each subject, as `survivors` has it, and since when the subject is this person. Subjects without a
    /// contact are left out.
    public static func belongings(
        of subjects: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: Belonging] {
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, coalesce(c.merged_into, c.contact_id), c.erased_before
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, contact_id)
            join contacts c using (workspace_id, contact_id)
            """)
        var belongings: [ContactKey: Belonging] = [:]
        for row in rows {
            let (workspace, subject, contact, erasedBefore) = try row.decode(
                (WorkspaceID.self, UniqueID.self, UniqueID.self, Timestamp?.self))
            belongings[ContactKey(workspace: workspace, contact: subject)] = Belonging(
                contact: ContactKey(workspace: workspace, contact: contact), erasedBefore: erasedBefore)
        }
        return belongings
    }

    /// What stands in a contact's row when it was locked.
    public struct LockedRow: Sendable, Hashable {
        public var standing: Standing
        /// As of a ``Belonging``.
        public var erasedBefore: Timestamp?
    }

    /// Locks contacts as ``lock(_:in:)`` does, but leaves out those that have merged, and does not lock them: merges change
    /// their rows without a lock of their own.
    public static func lockUnmerged(
        _ contacts: Set<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: LockedRow] {
        guard !contacts.isEmpty else { return [:] }
        let sorted = contacts.sorted()
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, c.stage, c.evaluated_revision, c.objects, c.stirred, c.erased_before
            from contacts c
            join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
                using (workspace_id, contact_id)
            where c.merged_into is null
            order by c.workspace_id, c.contact_id
            for no key update of c
            """)
        var locked = [ContactKey: LockedRow](minimumCapacity: rows.count)
        for row in rows {
            let (workspace, contact, stage, revision, objects, isStirred, erasedBefore) = try row.decode(
                (
                    WorkspaceID.self, UniqueID.self, String?.self, Int32.self, Bool.self, Bool.self, Timestamp?.self
                ))
            locked[ContactKey(workspace: workspace, contact: contact)] = LockedRow(
                standing: Standing(
                    stage: stage, evaluatedRevision: revision, objects: objects, isStirred: isStirred),
                erasedBefore: erasedBefore)
        }
        return locked
    }

    /// Notes of contacts that were just made that somebody of their name was erased.
    public static func noteErased(_ subjects: [ContactKey: Timestamp], in session: PostgresSession) throws {
        guard !subjects.isEmpty else { return }
        let sorted = subjects.sorted { $0.key < $1.key }
        try session.execute(
            """
            update contacts c set erased_before = u.erased_at
            from unnest(
                \(sorted.map(\.key.workspace)), \(sorted.map(\.key.contact)), \(sorted.map(\.value))
            ) as u (workspace_id, contact_id, erased_at)
            where c.workspace_id = u.workspace_id and c.contact_id = u.contact_id
            """)
    }

    /// Those of `contacts`, none of whose events has been applied, of whom nothing is known otherwise either: a merge has
    /// nothing to move.
    public static func blank(
        among contacts: [ContactKey], in session: PostgresSession
    ) throws -> Set<ContactKey> {
        guard !contacts.isEmpty else { return [] }
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join contacts c using (workspace_id, contact_id)
            where c.evaluated_revision = 0 and c.attribute_marks = '{}' and c.company_at is null and not exists (
                select from consents k where k.workspace_id = c.workspace_id and k.contact_id = c.contact_id)
            """)
        return Set(try rows.map { try ContactKey(row: $0) })
    }

    /// Gives merged subjects to another contact; the locks of both it and the one that had them are held.
    public static func reassign(
        _ subjects: [ContactKey], to contact: ContactKey, in session: PostgresSession
    ) throws {
        try session.execute(
            """
            update contacts set merged_into = \(contact.contact)
            where workspace_id = \(contact.workspace) and contact_id = any(\(subjects.map(\.contact)))
            """)
    }

    /// Has contacts evaluated afresh, as if the definitions had changed since they were seen: with their next event or wake.
    /// Takes their locks.
    public static func stir(_ contacts: [ContactKey], in session: PostgresSession) throws {
        let sorted = contacts.sorted()
        try session.execute(
            """
            with found as (
                select c.workspace_id, c.contact_id from contacts c
                join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.contact))) as u (workspace_id, contact_id)
                    using (workspace_id, contact_id)
                where not c.stirred
                order by c.workspace_id, c.contact_id for no key update of c
            )
            update contacts c set stirred = true from found f
            where c.workspace_id = f.workspace_id and c.contact_id = f.contact_id
            """)
    }
}
