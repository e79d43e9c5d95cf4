public import Model
public import Postgres

/// Which contacts have had what of a stream of e-mails. What is planned or on its way counts, as it does for journeys.
public enum StreamDirectory {
    /// A contact that has had some of a stream, or all.
    public struct Recipient: Sendable, Hashable {
        public var contact: ContactKey
        public var address: String?
        public var had: Set<String>
    }

    /// How far contacts have come in a stream.
    public struct Standing: Sendable, Hashable {
        /// By how many of its e-mails they have had; those who had none are left out.
        public var contacts: [Int: Int64] = [:]
        /// By e-mail, how many contacts have had it.
        public var emails: [String: Int64] = [:]

        public init() {}
    }

    /// How far contacts have come in a stream of these e-mails.
    public static func standing(
        of templates: [String], in workspace: WorkspaceID, session: PostgresSession
    ) throws -> Standing {
        var standing = Standing()
        for row in try session.query(
            """
            select had, count(*) from (
                select count(distinct template) as had from messages
                where workspace_id = \(workspace) and template = any(\(templates)) and \(unescaped: counts)
                group by contact_id
            ) of_each group by had
            """)
        {
            standing.contacts[Int(try row[0, as: Int64.self])] = try row[1, as: Int64.self]
        }
        for row in try session.query(
            """
            select template, count(distinct contact_id) from messages
            where workspace_id = \(workspace) and template = any(\(templates)) and \(unescaped: counts)
            group by template
            """)
        {
            standing.emails[try row[0, as: String.self]] = try row[1, as: Int64.self]
        }
        return standing
    }

    /// Contacts that have had some of a stream and have so many of its e-mails left, in the order of their ids.
    ///
    /// - Parameters:
    ///   - left: how many they have left at most; 0 are those who have had all.
    ///   - after: only those behind this contact.
    public static func recipients(
        of templates: [String], left: Int, after: UniqueID?, limit: Int32, in workspace: WorkspaceID,
        session: PostgresSession
    ) throws -> [Recipient] {
        let start = after ?? UniqueID(high: 0, low: 0)
        let least = Int64(max(1, templates.count - left))
        return try session.query(
            """
            select h.contact_id, c.attributes ->> 'email', h.had
            from (
                select contact_id, array_agg(distinct template) as had from messages
                where workspace_id = \(workspace) and template = any(\(templates)) and contact_id > \(start)
                    and \(unescaped: counts)
                group by contact_id having count(distinct template) >= \(least)
            ) h
            join contacts c on c.workspace_id = \(workspace) and c.contact_id = h.contact_id
            order by h.contact_id limit \(limit)
            """
        ).map { row in
            let (contact, address, had) = try row.decode((UniqueID.self, String?.self, [String].self))
            return Recipient(
                contact: ContactKey(workspace: workspace, contact: contact), address: address, had: Set(had))
        }
    }

    private static let counts: StaticString = "state in ('planned', 'claimed', 'handed', 'accepted', 'unknown')"
}
