public import Contracts
public import Model
public import Postgres

/// Erasing a person from the store: everything that is about their subjects, in one transaction; then, body by body, from
/// what waits between processes and from what was set aside.
///
/// Interrupted in the transaction nothing has happened; interrupted after it, `unfinished` finds what is left to do. Bodies
/// that are in a broker by then meet the tombstones when they arrive. Of the erasure itself a row stays that says when, by
/// whom asked and how many rows went, and not who.
public enum Erasures {
    /// Who is being erased, for as long as bodies are gone through.
    public struct Pending: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var id: UniqueID
        public var erasedAt: Timestamp
        /// The subjects' ids.
        public var subjects: Set<UniqueID>
        /// Names, addresses and ids as they may stand in bodies that cannot be read.
        public var words: Set<String>
        /// How much was removed so far, by table.
        public var removed: [String: Int64]
        /// What a store that is restored to a time before must hear; nil once the erasure was interrupted: it was told then.
        public var record: ErasureRecord?
    }

    /// Erases a contact from all tables; the caller has a transaction for it as operator.
    ///
    /// - Parameters:
    ///   - asker: Who asked for it, for the account: a login, never the person.
    ///   - passing: Called after each table.
    /// - Throws: `StoreError.mergedMeanwhile` when the contact has merged; find it again.
    public static func begin(
        with contact: ContactKey, by key: ErasureKey, askedBy asker: String, id: UniqueID, now: Timestamp,
        in session: PostgresSession, passing: (String) throws -> Void = { _ in }
    ) throws -> Pending {
        guard try Contacts.lock([contact], in: session)[contact] != nil else { throw StoreError.mergedMeanwhile }
        let subjects = try IdentityGraph.members(of: [contact], in: session).map(\.subject)
        let addresses = try addresses(of: subjects, in: session)
        let names = try Identities.all(of: contact, in: session).map(\.value)
        let record = key.record(
            of: subjects, addresses: try reasons(for: addresses, in: contact.workspace, session), in: contact.workspace,
            at: now)
        try Tombstones.put(record, by: key, in: session)
        var pending = Pending(
            workspace: contact.workspace, id: id, erasedAt: now, subjects: Set(subjects.map(\.contact)),
            words: Set(names + addresses + subjects.map(\.contact.description)), removed: [:], record: record)
        if try ErasedConsents.keep(
            subjects.flatMap { try Consents.ledger(of: $0, in: session) }, addresses: addresses,
            words: pending.words, texts: texts(of: subjects, in: session), by: key, erasedAt: now, in: session) > 0
        {
            try passing("erased_consents")
        }
        // What robots sent in their names is nobody's, and goes too: it may have been the person after all.
        let ids = subjects.map(\.contact) + subjects.map(\.contact.robotSubject)
        for table in try tables(in: session) {
            let removed = try session.query(
                "select erase_rows(\(table), \(contact.workspace), \(ids))")[0][0, as: Int64.self]
            if removed > 0 { pending.removed[table] = removed }
            try passing(table)
        }
        try eraseLinks(to: subjects.map(\.contact), in: contact.workspace, session)
        let removed = try session.execute(
            """
            delete from suppressions
            where workspace_id = \(contact.workspace) and address = any(\(addresses))
            """)
        if removed > 0 { pending.removed["suppressions"] = Int64(removed) }
        try session.execute(
            """
            insert into erasures (workspace_id, erasure_id, asked_at, asked_by, erased_at, removed, pending)
            values (
                \(contact.workspace), \(id), \(now), \(asker), \(now), \(pending.account), \(pending.json))
            """)
        try passing("erasures")
        return pending
    }

    /// What tells how somebody else's name came to where it is by a link with one of theirs, that has gone elsewhere since.
    private static func eraseLinks(
        to subjects: [UniqueID], in workspace: WorkspaceID, _ session: PostgresSession
    ) throws {
        let others = try session.query(
            """
            select distinct subject_id from merges
            where workspace_id = \(workspace) and (linked_subject = any(\(subjects)) or linked_other = any(\(subjects)))
            """
        ).map { try $0[0, as: UniqueID.self] }
        guard !others.isEmpty else { return }
        _ = try session.query("select erase_rows('merges', \(workspace), \(others))")
    }

    /// Every table that is about subjects, contacts first: theirs is the lock that all writers take first, then `send_state`.
    static func tables(in session: PostgresSession) throws -> [String] {
        try session.query(
            """
            select c.relname::text from pg_class c
            where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                and exists (
                    select from pg_attribute a where a.attrelid = c.oid and a.attname in ('contact_id', 'subject_id')
                        and not a.attisdropped)
                and exists (
                    select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id'
                        and not a.attisdropped)
            order by c.relname <> 'contacts', c.relname <> 'send_state', c.relname
            """
        ).map { try $0[0, as: String.self] }
    }

    /// Wherever an address of theirs stands, in all its spellings.
    private static func addresses(of subjects: [ContactKey], in session: PostgresSession) throws -> [String] {
        guard let workspace = subjects.first?.workspace else { return [] }
        let ids = subjects.map(\.contact)
        let written = try session.query(
            """
            select lower(attributes ->> 'email') from contacts
            where workspace_id = \(workspace) and contact_id = any(\(ids)) and attributes ? 'email'
            union
            select lower(value) from identities
            where workspace_id = \(workspace) and subject_id = any(\(ids)) and kind = 'email'
            union
            select lower(address) from consents where workspace_id = \(workspace) and contact_id = any(\(ids))
            union
            select lower(address) from messages where workspace_id = \(workspace) and contact_id = any(\(ids))
            """
        ).compactMap { try $0[0, as: String?.self] }.filter { !$0.isEmpty }
        return Set(written + written.flatMap(\.addressSpellings)).sorted()
    }

    /// Whatever stands in their attributes.
    private static func texts(of subjects: [ContactKey], in session: PostgresSession) throws -> [String] {
        guard let workspace = subjects.first?.workspace else { return [] }
        return try session.query(
            """
            select distinct v.value #>> '{}' from contacts c
            cross join lateral jsonb_path_query(c.attributes, '$.** ? (@.type() == "string")') as v (value)
            where c.workspace_id = \(workspace) and c.contact_id = any(\(subjects.map(\.contact)))
            """
        ).compactMap { try $0[0, as: String?.self] }.filter { !$0.isEmpty }
    }

    /// Each address with the reason why mail does not go there.
    private static func reasons(
        for addresses: [String], in workspace: WorkspaceID, _ session: PostgresSession
    ) throws -> [(address: String, reason: String)] {
        let standing = try Suppressions.reasons(
            of: addresses.map { (workspace: workspace, address: $0) }, in: session)[workspace]
        return Set(addresses.map(\.comparedAddress)).sorted().map { ($0, standing?[$0] ?? Tombstones.erased) }
    }

    // MARK: What is left to do

    /// Erasures whose bodies have not all been gone through.
    public static func unfinished(in workspace: WorkspaceID, session: PostgresSession) throws -> [Pending] {
        try session.query(
            """
            select workspace_id, erasure_id, erased_at, removed, pending from erasures
            where workspace_id = \(workspace) and pending is not null order by asked_at, erasure_id
            """
        ).compactMap { row in
            let (workspace, id, erasedAt, removed, pending) = try row.decode(
                (WorkspaceID.self, UniqueID.self, Timestamp.self, JSON.self, JSON.self))
            return Pending(
                workspace: workspace, id: id, erasedAt: erasedAt,
                subjects: Set(
                    (pending["subjects"]?.array ?? []).compactMap { $0.string.flatMap { UniqueID($0) } }),
                words: Set((pending["words"]?.array ?? []).compactMap(\.string)),
                removed: (removed.object ?? [:]).compactMapValues {
                    if case .int(let count) = $0 { count } else { nil }
                })
        }
    }

    /// Ends an erasure: from now on nothing says who it was.
    public static func finish(_ pending: Pending, now: Timestamp, in session: PostgresSession) throws {
        try session.execute(
            """
            update erasures set finished_at = \(now), removed = \(pending.account), pending = null
            where workspace_id = \(pending.workspace) and erasure_id = \(pending.id)
            """)
    }
}

extension Erasures.Pending {
    fileprivate var account: JSON { .object(removed.mapValues { .int($0) }) }

    fileprivate var json: JSON {
        .object([
            "subjects": .array(subjects.sorted().map { .string($0.description) }),
            "words": .array(words.sorted().map { .string($0) }),
        ])
    }
}
