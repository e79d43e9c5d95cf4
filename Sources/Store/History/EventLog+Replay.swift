public import Contracts
public import Model
public import Postgres

extension EventLog {
    /// All events of subjects that the log still has, in (time, event id) order; without the weaker names they came with.
    public static func all(of subjects: [ContactKey], in session: PostgresSession) throws -> [AcceptedEvent] {
        try session.query(
            """
            select \(unescaped: replayed)
            from unnest(\(subjects.map(\.workspace)), \(subjects.map(\.contact))) as u (workspace_id, subject_id)
            cross join lateral (
                -- Subject by subject, as with `history`.
                select * from event_log where workspace_id = u.workspace_id and subject_id = u.subject_id offset 0) l
            order by l.at, l.event_id
            """
        ).map { try AcceptedEvent(replaying: $0) }
    }

    /// All events of a contact that the log still has, in (time, event id) order.
    public static func all(ofContact contact: ContactKey, in session: PostgresSession) throws -> [AcceptedEvent] {
        try all(of: IdentityGraph.members(of: [contact], in: session).map(\.subject), in: session)
    }

    /// The events of a contact that may describe it, in (time, event id) order.
    public static func describing(_ contact: ContactKey, in session: PostgresSession) throws -> [AcceptedEvent] {
        let calls = [AcceptedEvent.Call.identify, .group].map { Int16($0.rawValue) }
        return try session.query(
            """
            with subjects as (
                select \(contact.contact)::uuid as subject
                union all
                select contact_id from contacts
                where workspace_id = \(contact.workspace) and merged_into = \(contact.contact)
            )
            select \(unescaped: replayed)
            from subjects s join event_log l on l.workspace_id = \(contact.workspace) and l.subject_id = s.subject
            where l.call = any(\(calls)) or l.context ? 'traits'
            order by l.at, l.event_id
            """
        ).map { try AcceptedEvent(replaying: $0) }
    }

    private static let replayed: StaticString =
        """
        l.workspace_id, l.subject_id, l.sent_time, l.event_id, l.at, l.received_at, l.call, l.trust, l.effect, l.name,
        l.properties, l.context
        """
}

extension AcceptedEvent {
    fileprivate init(replaying row: PostgresRow) throws {
        let (workspace, subject, sentTime, eventID, at, receivedAt, call, trust, effect, name, properties, context) =
            try row.decode(
                (
                    WorkspaceID.self, UniqueID.self, Timestamp.self, String.self, Timestamp.self, Timestamp.self,
                    Int16.self, Int16.self, Int16.self, String.self, JSON.self, JSON.self
                ))
        self.init(
            workspace: workspace, eventID: eventID, call: Call(rawValue: UInt8(clamping: call)) ?? .track,
            subject: .id(subject), name: name, sentTime: sentTime, at: at, receivedAt: receivedAt,
            trust: Trust(rawValue: UInt8(clamping: trust)) ?? .publicKey,
            effect: Effect(rawValue: UInt8(clamping: effect)) ?? .history, properties: properties.serialized,
            context: context.serialized)
    }
}
