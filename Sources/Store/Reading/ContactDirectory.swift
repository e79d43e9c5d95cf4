public import Model
public import Postgres

/// Finds, lists and counts contacts for people who ask.
public enum ContactDirectory {
    /// A contact in a list.
    public struct Entry: Sendable, Hashable {
        public var contact: ContactKey
        public var address: String?
        public var stage: String?
        public var createdAt: Timestamp
    }

    /// How many contacts there are, in all and by stage.
    public struct Census: Sendable, Hashable {
        public var contacts: Int64
        /// Contacts without a stage stand under nil.
        public var stages: [String?: Int64]
    }

    /// The contacts that a text may mean: a contact's id, a user id, an anonymous id, or an e-mail address.
    ///
    /// An address is found as a name, and as where mail goes in the workspace that is bound (`Standing`); merged contacts are
    /// found as their survivors.
    public static func find(
        _ text: String, in workspace: WorkspaceID, session: PostgresSession
    ) throws -> [ContactKey] {
        let address = Identity(.email, text).value
        let id = UniqueID(text)
        let rows = try session.query(
            """
            select coalesce(c.merged_into, c.contact_id) from identities i
            join contacts c on c.workspace_id = i.workspace_id and c.contact_id = i.subject_id
            where i.workspace_id = \(workspace)
                and (i.kind in ('user', 'anonymous') and i.value = \(text) or i.kind = 'email' and i.value = \(address))
            union
            select coalesce(merged_into, contact_id) from contacts
            where workspace_id = \(workspace) and contact_id = \(id)
            union
            select c.contact_id from contacts_at(\(address)) as found (contact_id)
            join contacts c on c.workspace_id = \(workspace) and c.contact_id = found.contact_id
            where \(text.contains("@"))
            """)
        return try rows.map { ContactKey(workspace: workspace, contact: try $0[0, as: UniqueID.self]) }.sorted()
    }

    /// Up to `limit` contacts behind `after`, in the order of their ids; merged ones are left out.
    public static func list(
        of workspace: WorkspaceID, stage: String? = nil, segment: String? = nil, after: UniqueID? = nil, limit: Int32,
        in session: PostgresSession
    ) throws -> [Entry] {
        let start = after ?? UniqueID(high: 0, low: 0)
        return try session.query(
            """
            select workspace_id, contact_id, attributes ->> 'email', stage, created_at from contacts
            where workspace_id = \(workspace) and merged_into is null and contact_id > \(start)
                and (\(stage)::text is null or stage = \(stage))
                and (\(segment)::text is null or exists (
                    select from segment_members s where s.workspace_id = contacts.workspace_id
                        and s.contact_id = contacts.contact_id and s.segment = \(segment)))
            order by contact_id limit \(limit)
            """
        ).map { row in
            let (workspace, contact, address, stage, createdAt) = try row.decode(
                (WorkspaceID.self, UniqueID.self, String?.self, String?.self, Timestamp.self))
            return Entry(
                contact: ContactKey(workspace: workspace, contact: contact), address: address, stage: stage,
                createdAt: createdAt)
        }
    }

    /// Counts the contacts of a workspace; merged ones are left out.
    public static func census(of workspace: WorkspaceID, in session: PostgresSession) throws -> Census {
        let rows = try session.query(
            """
            select stage, count(*) from contacts
            where workspace_id = \(workspace) and merged_into is null group by stage
            """)
        var stages: [String?: Int64] = [:]
        for row in rows { stages[try row[0, as: String?.self]] = try row[1, as: Int64.self] }
        return Census(contacts: stages.values.reduce(0, +), stages: stages)
    }
}
