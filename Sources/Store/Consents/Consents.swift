public import Expressions
public import Model
public import Postgres

/// The consent ledger: append-only, per contact, topic, channel and address.
public enum Consents {
    public typealias Entry = ConsentEntry

    /// Adds lines; one that stands already changes nothing.
    public static func append(_ entries: [Entry], now: Timestamp, in session: PostgresSession) throws {
        guard !entries.isEmpty else { return }
        try session.execute(
            """
            insert into consents (
                workspace_id, contact_id, topic, channel, address, at, event_id, state, wording, source, proof,
                recorded_at)
            select u.*, \(now) from unnest(
                \(entries.map(\.contact.workspace)), \(entries.map(\.contact.contact)), \(entries.map(\.topic)),
                \(entries.map(\.channel)), \(entries.map(\.address)), \(entries.map(\.at)), \(entries.map(\.eventID)),
                \(entries.map(\.state.rawValue)), \(entries.map(\.wording)), \(entries.map(\.source)),
                \(entries.map(\.storedProof))) as u
            on conflict do nothing
            """)
    }

    /// Gives the lines of events to another contact.
    ///
    /// - Parameter shared: the places of events whose lines stay as well.
    public static func move(
        _ places: Set<HistoryPosition>, from: ContactKey, to: ContactKey, keeping shared: Set<HistoryPosition>,
        in session: PostgresSession
    ) throws {
        let (moved, kept) = (Array(places), places.map { shared.contains($0) })
        try session.execute(
            """
            insert into consents
            select c.workspace_id, \(to.contact), c.topic, c.channel, c.address, c.at, c.event_id, c.state, c.wording,
                c.source, c.recorded_at, c.proof
            from unnest(\(moved.map(\.at)), \(moved.map { $0.eventID ?? "" })) as u (at, event_id)
            join consents c using (at, event_id)
            where c.workspace_id = \(from.workspace) and c.contact_id = \(from.contact)
            on conflict do nothing
            """)
        try session.execute(
            """
            delete from consents c
            using unnest(\(moved.map(\.at)), \(moved.map { $0.eventID ?? "" }), \(kept)) as u (at, event_id, stays)
            where c.workspace_id = \(from.workspace) and c.contact_id = \(from.contact) and not u.stays
                and c.at = u.at and c.event_id = u.event_id
            """)
    }

    /// Those of `contacts` whose ledgers say anything of profiling.
    public static func speakingOfProfiling(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> Set<ContactKey> {
        guard !contacts.isEmpty else { return [] }
        let rows = try session.query(
            """
            select distinct workspace_id, contact_id
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join consents c using (workspace_id, contact_id) where c.topic = \(EventNames.profilingTopic)
            """)
        return Set(try rows.map { try ContactKey(row: $0) })
    }

    /// The whole ledger of a contact, in the order of time.
    public static func ledger(of contact: ContactKey, in session: PostgresSession) throws -> [Entry] {
        try session.query(
            """
            select c.workspace_id, c.contact_id, \(unescaped: columns) from consents c
            where workspace_id = \(contact.workspace) and contact_id = \(contact.contact) order by at, event_id, topic
            """
        ).map { try Entry(row: $0) }
    }

    /// The line that holds for each (contact, topic, channel, address).
    public static func current(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [Entry]] {
        guard !contacts.isEmpty else { return [:] }
        let rows = try session.query(
            """
            select distinct on (c.workspace_id, c.contact_id, c.topic, c.channel, c.address)
                c.workspace_id, c.contact_id, \(unescaped: columns)
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join consents c using (workspace_id, contact_id)
            where not (c.state = 'given' and starts_with(c.source, \(ConsentStatement.importMark)) and exists (
                select from consents w
                where w.workspace_id = c.workspace_id and w.contact_id = c.contact_id and w.topic = c.topic
                    and w.channel = c.channel and w.state in ('withdrawn', 'denied')
                    and not starts_with(w.source, \(ConsentStatement.importMark))
                    and (w.address = c.address or w.address = '' or c.address = '')))
            order by c.workspace_id, c.contact_id, c.topic, c.channel, c.address, (c.state <> 'pending') desc, c.at desc,
                (c.state in ('withdrawn', 'denied')) desc, c.event_id desc
            """)
        var current: [ContactKey: [Entry]] = [:]
        for row in rows {
            let entry = try Entry(row: row)
            current[entry.contact, default: []].append(entry)
        }
        return current
    }
}

// MARK: Rows

extension Consents {
    /// Of a line, behind its workspace and contact.
    static let columns: StaticString =
        "c.topic, c.channel, c.address, c.at, c.event_id, c.state, c.wording, c.source, c.proof"
}

extension ConsentEntry {
    /// Reads workspace, contact and ``Consents/columns``; more may stand behind them.
    init(row: PostgresRow) throws {
        self.init(
            contact: try ContactKey(row: row), topic: try row[2, as: String.self], channel: try row[3, as: String.self],
            address: try row[4, as: String.self], at: try row[5, as: Timestamp.self],
            eventID: try row[6, as: String.self],
            // A state of a newer version stops marketing.
            state: State(rawValue: try row[7, as: String.self]) ?? .withdrawn, wording: try row[8, as: String?.self],
            source: try row[9, as: String.self], proof: ConsentProof(try row[10, as: JSON.self]))
    }

    /// With the hash of the wording.
    fileprivate var storedProof: JSON {
        var proof = proof
        proof[.wordingHash] = wording.map { ConsentProof.hash(of: $0) }
        return proof.json
    }
}
