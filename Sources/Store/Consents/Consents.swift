public import Model
public import Postgres

/// The consent ledger: append-only, per contact, topic, channel and address.
public enum Consents {
    /// One line of the ledger.
    public struct Entry: Sendable, Hashable {
        public enum State: String, Sendable {
            case given
            case withdrawn
        }

        public var contact: ContactKey
        public var topic: String
        public var channel: String
        /// Lower-cased: consent is for an address, however it is written. Empty where the person named none: then it is
        /// for the contact's address, whichever that is, until a withdrawal at any address.
        public var address: String
        public var at: Timestamp
        public var eventID: String
        public var state: State
        /// What the person was told, word for word.
        public var wording: String?
        /// How it came: `event`, `import`, `unsubscribe page`, `one-click`.
        public var source: String

        public init(
            contact: ContactKey, topic: String, channel: String = "email", address: String, at: Timestamp,
            eventID: String, state: State, wording: String?, source: String
        ) {
            self.contact = contact
            self.topic = topic
            self.channel = channel
            self.address = address.lowercased()
            self.at = at
            self.eventID = eventID
            self.state = state
            self.wording = wording
            self.source = source
        }
    }

    /// Adds lines; one that stands already changes nothing.
    public static func append(_ entries: [Entry], now: Timestamp, in session: PostgresSession) throws {
        guard !entries.isEmpty else { return }
        try session.execute(
            """
            insert into consents (
                workspace_id, contact_id, topic, channel, address, at, event_id, state, wording, source, recorded_at)
            select u.*, \(now) from unnest(
                \(entries.map(\.contact.workspace)), \(entries.map(\.contact.contact)), \(entries.map(\.topic)),
                \(entries.map(\.channel)), \(entries.map(\.address)), \(entries.map(\.at)), \(entries.map(\.eventID)),
                \(entries.map(\.state.rawValue)), \(entries.map(\.wording)), \(entries.map(\.source))) as u
            on conflict do nothing
            """)
    }

    /// The line that holds for each (contact, topic, channel, address).
    public static func current(
        of contacts: some Collection<ContactKey>, in session: PostgresSession
    ) throws -> [ContactKey: [Entry]] {
        let rows = try session.query(
            """
            select distinct on (c.workspace_id, c.contact_id, c.topic, c.channel, c.address)
                c.workspace_id, c.contact_id, c.topic, c.channel, c.address, c.at, c.event_id, c.state, c.wording,
                c.source
            from unnest(\(contacts.map(\.workspace)), \(contacts.map(\.contact))) as u (workspace_id, contact_id)
            join consents c using (workspace_id, contact_id)
            order by c.workspace_id, c.contact_id, c.topic, c.channel, c.address, c.at desc,
                (c.state = 'withdrawn') desc, c.event_id desc
            """)
        var current: [ContactKey: [Entry]] = [:]
        for row in rows {
            let (workspace, contact, topic, channel, address, at, eventID, state, wording, source) = try row.decode(
                (
                    WorkspaceID.self, UniqueID.self, String.self, String.self, String.self, Timestamp.self,
                    String.self, String.self, String?.self, String.self
                ))
            let key = ContactKey(workspace: workspace, contact: contact)
            current[key, default: []].append(
                Entry(
                    contact: key, topic: topic, channel: channel, address: address, at: at, eventID: eventID,
                    state: state == "given" ? .given : .withdrawn, wording: wording, source: source))
        }
        return current
    }
}

extension [Consents.Entry] {
    /// The topics to which mail may go at `address`, by these lines.
    public func topics(givenAt address: String?) -> Set<String> {
        Set(holding(at: address).filter { $0.state == .given && $0.channel == "email" }.map(\.topic))
    }

    /// Of these lines, which are one contact's, the one that holds at `address` for each topic and channel, put for that
    /// address.
    public func holding(at address: String?) -> [Consents.Entry] {
        guard let address = address?.lowercased() else { return [] }
        return Dictionary(grouping: self) { [$0.topic, $0.channel] }.values.compactMap { lines in
            var last = lines.filter { $0.address == address || $0.address.isEmpty }.max { $0.place < $1.place }
            if let given = last, given.address.isEmpty {
                let later = lines.filter { $0.state == .withdrawn && $0.place > given.place }
                last = later.max { $0.place < $1.place } ?? given
            }
            last?.address = address
            return last
        }
    }
}

extension Consents.Entry {
    /// Orders lines: by time, of two at one instant the withdrawal last.
    fileprivate var place: (Timestamp, Int, String) { (at, state == .withdrawn ? 1 : 0, eventID) }
}
