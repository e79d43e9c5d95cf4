public import Model
public import Postgres

/// Pages of a workspace's people for who takes them elsewhere: each a short transaction, in the order of contact ids.
public enum Exports {
    public struct Contact: Sendable, Hashable {
        public var contact: UniqueID
        /// All names, the strongest first.
        public var names: [Identity]
        /// What trusted senders said; what only a public key has said is nobody's word.
        public var attributes: [String: JSON]
        /// When an attribute was last set; nil where none ever was.
        public var updatedAt: Timestamp?
        public var company: String?
        public var companySince: Timestamp?
    }

    public struct Consent: Sendable, Hashable {
        public var contact: UniqueID
        /// The strongest name.
        public var name: Identity?
        public var entry: Consents.Entry
    }

    public struct Suppression: Sendable, Hashable {
        public var address: String
        public var reason: String
        public var at: Timestamp

        public init(address: String, reason: String, at: Timestamp) {
            self.address = address
            self.reason = reason
            self.at = at
        }
    }

    /// The contacts behind `after`; merged ones are in their survivors.
    public static func contacts(
        of workspace: WorkspaceID, after: UniqueID?, limit: Int32, in session: PostgresSession
    ) throws -> [Contact] {
        let rows = try session.query(
            """
            select contact_id, attributes, attribute_marks, company_id, company_at from contacts
            where workspace_id = \(workspace) and merged_into is null and contact_id > \(after ?? none)
            order by contact_id limit \(limit)
            """)
        let ids = try rows.map { try $0[0, as: UniqueID.self] }
        let names = try names(of: ids, in: workspace, session)
        return try rows.map { row in
            let (contact, attributes, marks, company, since) = try row.decode(
                (UniqueID.self, JSON.self, JSON.self, String?.self, Timestamp?.self))
            let trusted = Contacts.AttributeMark.all(in: marks).filter(\.value.isTrusted)
            return Contact(
                contact: contact, names: names[contact] ?? [],
                attributes: (attributes.object ?? [:]).filter { trusted[$0.key] != nil },
                updatedAt: trusted.values.map(\.at).max(), company: company,
                companySince: company == nil ? nil : since)
        }
    }

    /// The ledgers of the contacts behind `after`, whole ones, and the last contact that was looked at.
    public static func consents(
        of workspace: WorkspaceID, after: UniqueID?, limit: Int32, in session: PostgresSession
    ) throws -> (lines: [Consent], last: UniqueID?) {
        let ids = try session.query(
            """
            select contact_id from contacts
            where workspace_id = \(workspace) and merged_into is null and contact_id > \(after ?? none)
            order by contact_id limit \(limit)
            """
        ).map { try $0[0, as: UniqueID.self] }
        let names = try names(of: ids, in: workspace, session)
        let rows = try session.query(
            """
            select c.workspace_id, c.contact_id, \(unescaped: Consents.columns) from consents c
            where workspace_id = \(workspace) and contact_id = any(\(ids))
            order by contact_id, at, topic, channel, address, event_id
            """)
        let lines = try rows.map { row in
            let entry = try Consents.Entry(row: row)
            return Consent(contact: entry.contact.contact, name: names[entry.contact.contact]?.first, entry: entry)
        }
        return (lines, ids.last)
    }

    public static func suppressions(
        of workspace: WorkspaceID, after: String?, limit: Int32, in session: PostgresSession
    ) throws -> [Suppression] {
        try session.query(
            """
            select address, reason, at from suppressions
            where workspace_id = \(workspace) and address > \(after ?? "") order by address limit \(limit)
            """
        ).map { row in
            let (address, reason, at) = try row.decode((String.self, String.self, Timestamp.self))
            return Suppression(address: address, reason: reason, at: at)
        }
    }

    /// The names of attributes that contacts have, and how many contacts there are.
    public static func shape(
        of workspace: WorkspaceID, in session: PostgresSession
    ) throws -> (attributes: [String], contacts: Int64) {
        let names = try session.query(
            """
            select distinct name from contacts c cross join lateral jsonb_object_keys(c.attributes) as name
            where c.workspace_id = \(workspace) and c.merged_into is null
            """
        ).map { try $0[0, as: String.self] }
        let count = try session.query(
            "select count(*) from contacts where workspace_id = \(workspace) and merged_into is null")
        return (names.sorted(), try count[0][0, as: Int64.self])
    }

    private static let none = UniqueID(high: 0, low: 0)

    private static func names(
        of contacts: [UniqueID], in workspace: WorkspaceID, _ session: PostgresSession
    ) throws -> [UniqueID: [Identity]] {
        let rows = try session.query(
            """
            with subjects as (
                select contact, contact as subject from unnest(\(contacts)) as u (contact)
                union all
                select u.contact, c.contact_id
                from unnest(\(contacts)) as u (contact)
                join contacts c on c.workspace_id = \(workspace) and c.merged_into = u.contact
            )
            select s.contact, i.kind, i.value from subjects s
            join identities i on i.workspace_id = \(workspace) and i.subject_id = s.subject
            """)
        var names: [UniqueID: [Identity]] = [:]
        for row in rows {
            let (contact, kind, value) = try row.decode((UniqueID.self, String.self, String.self))
            guard let kind = Identity.Kind(rawValue: kind) else { continue }
            names[contact, default: []].append(Identity(kind, value))
        }
        return names.mapValues { $0.sorted { ($0.kind, $0.value) < ($1.kind, $1.value) } }
    }
}
