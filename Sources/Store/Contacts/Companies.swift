public import Model
public import Postgres

/// Companies: what group calls say of them, and who belongs to them.
///
/// Company attributes are last-writer-wins per key by (time, event id), as contacts' are; a contact belongs to the company of
/// its last group call.
public enum Companies {
    public struct Key: Sendable, Hashable, Comparable {
        public var workspace: WorkspaceID
        public var company: String

        public init(workspace: WorkspaceID, company: String) {
            self.workspace = workspace
            self.company = company
        }

        public static func < (left: Key, right: Key) -> Bool {
            left.workspace == right.workspace
                ? left.company.utf8.lexicographicallyPrecedes(right.company.utf8) : left.workspace < right.workspace
        }
    }

    /// A company as its row says.
    public struct State: Sendable, Hashable {
        public var attributes: [String: JSON] = [:]
        public var marks: [String: Contacts.AttributeMark] = [:]

        public init() {}
    }

    /// Makes the rows that are missing, and locks all in the order that all writers keep. The contacts' locks are held.
    public static func lock(
        _ keys: some Collection<Key>, now: Timestamp, in session: PostgresSession
    ) throws -> [Key: State] {
        let sorted = Set(keys).sorted()
        try session.execute(
            """
            insert into companies (workspace_id, company_id, created_at)
            select w, company, \(now) from unnest(\(sorted.map(\.workspace)), \(sorted.map(\.company))) as u (w, company)
            on conflict do nothing
            """)
        let rows = try session.query(
            """
            select c.workspace_id, c.company_id, c.attributes, c.attribute_marks
            from companies c join unnest(\(sorted.map(\.workspace)), \(sorted.map(\.company)))
                as u (workspace_id, company_id) using (workspace_id, company_id)
            order by c.workspace_id, c.company_id for no key update of c
            """)
        var states: [Key: State] = [:]
        for row in rows {
            let (workspace, company, attributes, marks) = try row.decode(
                (WorkspaceID.self, String.self, JSON.self, JSON.self))
            var state = State()
            state.attributes = attributes.object ?? [:]
            state.marks = Contacts.AttributeMark.all(in: marks)
            states[Key(workspace: workspace, company: company)] = state
        }
        return states
    }

    /// Writes attributes back, and has the members looked at again; the rows' locks are held.
    public static func describe(_ states: [Key: State], in session: PostgresSession) throws {
        guard !states.isEmpty else { return }
        let sorted = states.sorted { $0.key < $1.key }
        try session.execute(
            """
            update companies c set attributes = u.attributes, attribute_marks = u.marks, stirred_from = \(firstID)
            from unnest(
                \(sorted.map(\.key.workspace)), \(sorted.map(\.key.company)),
                \(sorted.map { JSON.object($0.value.attributes) }),
                \(sorted.map { Contacts.AttributeMark.json($0.value.marks) })
            ) as u (workspace_id, company_id, attributes, marks)
            where c.workspace_id = u.workspace_id and c.company_id = u.company_id
            """)
    }

    private static let firstID = UniqueID(high: 0, low: 0)

    /// The attributes of companies; those of which nothing is known are left out.
    public static func attributes(
        of keys: some Collection<Key>, in session: PostgresSession
    ) throws -> [WorkspaceID: [String: [String: JSON]]] {
        guard !keys.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select workspace_id, c.company_id, c.attributes
            from unnest(\(keys.map(\.workspace)), \(keys.map(\.company))) as u (workspace_id, company_id)
            join companies c using (workspace_id, company_id)
            """)
        var attributes: [WorkspaceID: [String: [String: JSON]]] = [:]
        for row in rows {
            let (workspace, company, values) = try row.decode((WorkspaceID.self, String.self, JSON.self))
            attributes[workspace, default: [:]][company] = values.object ?? [:]
        }
        return attributes
    }

    /// The companies of contacts, by workspace.
    public static func attributes(
        ofCompaniesOf states: some Sequence<Contacts.State>, in session: PostgresSession
    ) throws -> [WorkspaceID: [String: [String: JSON]]] {
        try attributes(
            of: Set(
                states.compactMap { state in
                    state.membership?.company.map { Key(workspace: state.key.workspace, company: $0) }
                }), in: session)
    }

    /// Marks some members of one company whose attributes have changed and wakes them, so that they are evaluated afresh.
    /// As much as a short transaction takes.
    ///
    /// - Returns: how many were marked; nil where no company has changed.
    public static func stirMembers(limit: Int32, now: Timestamp, in session: PostgresSession) throws -> Int? {
        let rows = try session.query(
            """
            select workspace_id, company_id, stirred_from from companies where stirred_from is not null
            order by workspace_id, company_id limit 1
            """)
        guard let row = rows.first else { return nil }
        let (workspace, company, start) = try row.decode((WorkspaceID.self, String.self, UniqueID.self))
        let members = try session.query(
            """
            select workspace_id, contact_id from contacts
            where workspace_id = \(workspace) and company_id = \(company) and merged_into is null
                and contact_id > \(start)
            order by contact_id limit \(limit)
            """
        ).map { try ContactKey(row: $0) }
        // Contacts before their company, as in every batch. Whoever else is at it does the same once more.
        try Contacts.stir(members, in: session)
        try Wakes.arm(Dictionary(uniqueKeysWithValues: members.map { ($0, now) }), in: session)
        let next = members.count < Int(limit) ? nil : members.last?.contact
        try session.execute(
            """
            update companies set stirred_from = \(next)
            where workspace_id = \(workspace) and company_id = \(company) and stirred_from = \(start)
            """)
        return members.count
    }
}

extension Contacts.State {
    /// The contact as conditions and mails see it: its attributes, and as `company` those of the company it belongs to, with
    /// its `id`. A trait of its own that is called `company` stands only where it belongs to none.
    ///
    /// - Parameter companies: attributes by company; one of which nothing is known has its id alone.
    public func seen(with companies: [String: [String: JSON]]?) -> JSON {
        guard let company = membership?.company else { return .object(attributes) }
        var (seen, attributes) = (companies?[company] ?? [:], attributes)
        seen["id"] = .string(company)
        attributes["company"] = .object(seen)
        return .object(attributes)
    }
}
