public import Model
public import Postgres

/// Follows the log of events as it grows, without an index of its own: the log is only ever appended to, so what is new
/// stands at the end of its table.
///
/// A row may be seen late, when its transaction commits after those that wrote behind it: so each look goes back over the
/// last eight megabytes, and leaves out what it has given. Space that an erasure has freed may be written to again; an event
/// that lands there is not seen.
public struct EventTail: Sendable {
    /// One event, as it is shown.
    public struct Entry: Sendable, Hashable {
        public var subject: ContactKey
        public var contact: UniqueID
        /// How people speak of the contact: its address, else a name of its, else nil.
        public var label: String?
        public var sentTime: Timestamp
        public var eventID: String
        public var at: Timestamp
        public var receivedAt: Timestamp
        public var name: String
        public var properties: JSON
    }

    fileprivate struct Key: Hashable {
        var subject: UniqueID
        var sentTime: Timestamp
        var eventID: String
    }

    private static let lookBack: Int64 = 1024
    /// An event whose transaction takes longer than this is not seen.
    private static let patience = Span.seconds(60)

    private let workspace: WorkspaceID
    private let contact: ContactKey?
    private var given: [Key: Timestamp] = [:]
    private var newest: Timestamp?

    /// - Parameter contact: only this contact's events, whoever has merged into it.
    public init(workspace: WorkspaceID, contact: ContactKey? = nil) {
        self.workspace = workspace
        self.contact = contact
    }

    /// The last few before now, oldest first; then what is new is told from them.
    public mutating func last(_ count: Int, in session: PostgresSession) throws -> [Entry] {
        let entries = try read(after: Timestamp(microseconds: 0), in: session)
        note(entries)
        return Array(entries.suffix(count))
    }

    /// What has been stored since the last look, in the order of receipt.
    public mutating func next(in session: PostgresSession) throws -> [Entry] {
        let start = (newest ?? Timestamp(microseconds: 0)) - Self.patience
        let fresh = try read(after: start, in: session).filter { given[Key($0)] == nil }
        note(fresh)
        if let newest { given = given.filter { $0.value > newest - Self.patience - .seconds(1) } }
        return fresh
    }

    private mutating func note(_ entries: [Entry]) {
        for entry in entries { given[Key(entry)] = entry.receivedAt }
        newest = entries.map(\.receivedAt).max().map { max($0, newest ?? $0) } ?? newest
    }

    private func read(after instant: Timestamp, in session: PostgresSession) throws -> [Entry] {
        if let contact { return try read(of: contact, after: instant, in: session) }
        let leaves = try session.query(
            """
            select c.relname::text, pg_relation_size(c.oid) / current_setting('block_size')::bigint
            from pg_partition_tree('event_log') t join pg_class c on c.oid = t.relid where t.isleaf
            """
        ).map { try $0.decode((String.self, Int64.self)) }
        return try leaves.flatMap { leaf, blocks in
            // By way of the whole log, whose rights and row security those of its parts need not repeat.
            let start = "(\(max(0, blocks - Self.lookBack)),0)"
            return try session.query(
                """
                select l.workspace_id, l.subject_id, coalesce(c.merged_into, c.contact_id), l.sent_time, l.event_id, l.at,
                    l.received_at, l.name, l.properties, \(unescaped: Self.label)
                from event_log l
                join contacts c on c.workspace_id = l.workspace_id and c.contact_id = l.subject_id
                where l.tableoid = \(leaf)::text::regclass and l.ctid >= \(start)::text::tid
                    and l.workspace_id = \(workspace) and l.received_at > \(instant)
                """
            ).map(Self.entry)
        }.sorted(by: Self.isEarlier)
    }

    private func read(
        of contact: ContactKey, after instant: Timestamp, in session: PostgresSession
    ) throws -> [Entry] {
        try session.query(
            """
            select l.workspace_id, l.subject_id, coalesce(c.merged_into, c.contact_id), l.sent_time, l.event_id, l.at,
                l.received_at, l.name, l.properties, \(unescaped: Self.label)
            from contacts c
            join event_log l on l.workspace_id = c.workspace_id and l.subject_id = c.contact_id
            where c.workspace_id = \(contact.workspace) and l.received_at > \(instant)
                and (c.contact_id = \(contact.contact) or c.merged_into = \(contact.contact))
            """
        ).map(Self.entry).sorted(by: Self.isEarlier)
    }

    /// Of `c`, or of whom it has merged into.
    static let label: StaticString = """
        coalesce(
            (select k.attributes ->> 'email' from contacts k
            where k.workspace_id = c.workspace_id and k.contact_id = coalesce(c.merged_into, c.contact_id)),
            (select i.value from identities i
            where i.workspace_id = c.workspace_id and i.subject_id = c.contact_id
            order by case i.kind when 'user' then 0 when 'email' then 1 else 2 end, i.value limit 1))
        """

    private static func entry(_ row: PostgresRow) throws -> Entry {
        Entry(
            subject: try ContactKey(row: row), contact: try row[2, as: UniqueID.self],
            label: try row[9, as: String?.self], sentTime: try row[3, as: Timestamp.self],
            eventID: try row[4, as: String.self], at: try row[5, as: Timestamp.self],
            receivedAt: try row[6, as: Timestamp.self], name: try row[7, as: String.self],
            properties: try row[8, as: JSON.self])
    }

    private static func isEarlier(_ left: Entry, _ right: Entry) -> Bool {
        (left.receivedAt, left.at, left.eventID) < (right.receivedAt, right.at, right.eventID)
    }
}

extension EventTail.Key {
    fileprivate init(_ entry: EventTail.Entry) {
        self.init(subject: entry.subject.contact, sentTime: entry.sentTime, eventID: entry.eventID)
    }
}
