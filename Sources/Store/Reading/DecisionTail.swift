public import Model
public import Postgres

/// Follows the decisions as they are taken.
///
/// In the order of their domain time. One may be seen late, when its transaction commits after later ones: each look goes back
/// half a minute and leaves out what it has given. What commits later than that is not seen.
public struct DecisionTail: Sendable {
    /// One decision, as it is shown.
    public struct Entry: Sendable, Hashable {
        public var contact: ContactKey
        public var label: String?
        public var id: UniqueID
        public var at: Timestamp
        /// `entry`, `branch`, `end`.
        public var kind: String
        public var journey: String?
        public var step: String?
        public var choice: String
        public var saw: JSON?
    }

    private static let lookBack = Span.seconds(30)
    /// How far back the last few are looked for.
    private static let horizon = Span.hours(1)

    private let workspace: WorkspaceID
    private let contact: ContactKey?
    private var given: [UniqueID: Timestamp] = [:]
    private var newest: Timestamp?

    /// - Parameter contact: only this contact's.
    public init(workspace: WorkspaceID, contact: ContactKey? = nil) {
        self.workspace = workspace
        self.contact = contact
    }

    /// The last few of the last hour, oldest first; then what is new is told from them.
    public mutating func last(_ count: Int, in session: PostgresSession) throws -> [Entry] {
        let start = try DomainClock.read(in: session)
        let entries = try read(from: start - Self.horizon, in: session)
        note(entries)
        newest = newest ?? start
        return Array(entries.suffix(count))
    }

    /// What has been decided since the last look.
    public mutating func next(in session: PostgresSession) throws -> [Entry] {
        let start = try newest ?? DomainClock.read(in: session)
        let fresh = try read(from: start - Self.lookBack, in: session).filter { given[$0.id] == nil }
        note(fresh)
        newest = newest ?? start
        if let newest { given = given.filter { $0.value >= newest - Self.lookBack } }
        return fresh
    }

    private mutating func note(_ entries: [Entry]) {
        for entry in entries { given[entry.id] = entry.at }
        newest = entries.map(\.at).max().map { max($0, newest ?? $0) } ?? newest
    }

    private func read(from instant: Timestamp, in session: PostgresSession) throws -> [Entry] {
        try session.query(
            """
            select d.workspace_id, d.contact_id, d.decision_id, d.at, d.kind, d.journey, d.step, d.choice, d.saw,
                \(unescaped: EventTail.label)
            from decisions d join contacts c on c.workspace_id = d.workspace_id and c.contact_id = d.contact_id
            where d.workspace_id = \(workspace) and d.at >= \(instant)
                and (\(contact?.contact)::uuid is null or d.contact_id = \(contact?.contact))
            order by d.at, d.decision_id
            """
        ).map { row in
            Entry(
                contact: try ContactKey(row: row), label: try row[9, as: String?.self],
                id: try row[2, as: UniqueID.self], at: try row[3, as: Timestamp.self],
                kind: try row[4, as: String.self], journey: try row[5, as: String?.self],
                step: try row[6, as: String?.self], choice: try row[7, as: String.self], saw: try row[8, as: JSON?.self]
            )
        }
    }
}
