public import Contracts
public import Expressions
public import Model
public import Postgres

/// The log: every accepted event once.
public enum EventLog {
    /// What makes two copies one event: all of it from the event's own bytes.
    public struct Key: Sendable, Hashable {
        public var workspace: WorkspaceID
        public var subject: UniqueID
        public var sentTime: Timestamp
        public var eventID: String

        /// Ids are told apart by their bytes, as the store does: two spellings of "é" are two events.
        public static func == (left: Key, right: Key) -> Bool {
            left.workspace == right.workspace && left.subject == right.subject && left.sentTime == right.sentTime
                && left.eventID.utf8.elementsEqual(right.eventID.utf8)
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(workspace)
            hasher.combine(subject)
            hasher.combine(sentTime)
            var eventID = eventID
            eventID.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Appends events and tells which of them were new; the others were there already or earlier in the list.
    ///
    /// An event without a timestamp of its own takes its receipt as such and is told from its repeats by `recent_ids`.
    ///
    /// - Throws: `StoreError.unaccountedEvents` inside a savepoint, where it could not be told which of several were new.
    public static func append(_ events: [AcceptedEvent], in session: PostgresSession) throws -> [AcceptedEvent] {
        guard !session.isInSavepoint else { throw StoreError.unaccountedEvents }
        let timed = try withoutRepeats(events, in: session)
        guard !timed.isEmpty else { return [] }
        let stored = try session.execute(
            """
            insert into event_log (
                workspace_id, subject_id, sent_time, event_id, at, received_at, call, trust, effect, name,
                properties, context)
            select * from unnest(
                \(timed.map(\.workspace)), \(timed.map(\.subjectID)), \(timed.map { $0.sentTime ?? $0.receivedAt }),
                \(timed.map(\.eventID)), \(timed.map(\.at)), \(timed.map(\.receivedAt)),
                \(timed.map { Int16($0.call.rawValue) }), \(timed.map { Int16($0.trust.rawValue) }),
                \(timed.map { Int16($0.effect.rawValue) }),
                \(timed.map(\.name)), \(timed.map { JSONBytes(bytes: $0.properties) }),
                \(timed.map { JSONBytes(bytes: $0.context) }))
            on conflict do nothing
            """)
        if stored == timed.count { return timed }
        var fresh = try stored > 0 ? justStored(among: timed, in: session) : []
        guard fresh.count == stored else { throw StoreError.unaccountedEvents }
        return timed.filter { fresh.remove($0.key) != nil }
    }

    /// Those of `events` that the last statement of this transaction stored. Batches are all new or all repeats but for a few, so
    /// this is asked for seldom, and the keys of what is new need not come back each time.
    private static func justStored(
        among events: [AcceptedEvent], in session: PostgresSession
    ) throws -> Set<Key> {
        let rows = try session.query(
            """
            select l.workspace_id, l.subject_id, l.sent_time, l.event_id, l.cmin::text::bigint
            from unnest(
                \(events.map(\.workspace)), \(events.map(\.subjectID)),
                \(events.map { $0.sentTime ?? $0.receivedAt }), \(events.map(\.eventID))
            ) as u (workspace_id, subject_id, sent_time, event_id)
            join event_log l using (workspace_id, subject_id, sent_time, event_id)
            where l.xmin = pg_current_xact_id()::xid
            """)
        var byStatement: [Int64: Set<Key>] = [:]
        for row in rows {
            let (workspace, subject, sentTime, eventID, statement) = try row.decode(
                (WorkspaceID.self, UniqueID.self, Timestamp.self, String.self, Int64.self))
            byStatement[statement, default: []].insert(
                Key(workspace: workspace, subject: subject, sentTime: sentTime, eventID: eventID))
        }
        return byStatement.max { $0.key < $1.key }?.value ?? []
    }

    /// Leaves out events without a timestamp whose id this subject has used in the last 24 hours.
    private static func withoutRepeats(
        _ events: [AcceptedEvent], in session: PostgresSession
    ) throws -> [AcceptedEvent] {
        let untimed = events.filter { $0.sentTime == nil }
        guard !untimed.isEmpty else { return events }
        let rows = try session.query(
            """
            insert into recent_ids (workspace_id, subject_id, event_id, received_at)
            select * from unnest(
                \(untimed.map(\.workspace)), \(untimed.map(\.subjectID)), \(untimed.map(\.eventID)),
                \(untimed.map(\.receivedAt)))
            on conflict do nothing
            returning workspace_id, subject_id, received_at, event_id
            """)
        guard rows.count < untimed.count else { return events }
        var fresh: Set<Key> = []
        for row in rows {
            let (workspace, subject, receivedAt, eventID) = try row.decode(
                (WorkspaceID.self, UniqueID.self, Timestamp.self, String.self))
            fresh.insert(Key(workspace: workspace, subject: subject, sentTime: receivedAt, eventID: eventID))
        }
        return events.filter { $0.sentTime != nil || fresh.remove($0.key) != nil }
    }

    /// Keeps the parts of the log from being dropped until the transaction ends, so that a snapshot that is taken after it,
    /// and may only read, finds all that it knows of.
    public static func hold(in session: PostgresSession) throws {
        try session.execute("lock table event_log in access share mode")
    }

    /// Forgets untimed ids received before `instant`.
    public static func forgetRecentIDs(before instant: Timestamp, in session: PostgresSession) throws {
        try session.execute("delete from recent_ids where received_at < \(instant)")
    }

    /// Live events of `names` that stand behind a place in their contact's history: what a late event may concern.
    ///
    /// - Parameter places: per contact, the earliest place.
    public static func later(
        than places: [ContactKey: HistoryPosition], names: some Collection<String>, in session: PostgresSession
    ) throws -> [Later] {
        guard !places.isEmpty, !names.isEmpty else { return [] }
        let contacts = Array(places.keys)
        let rows = try session.query(
            """
            with wanted as (
                select * from unnest(
                    \(contacts.map(\.workspace)), \(contacts.map(\.contact)), \(contacts.map { places[$0]!.at }),
                    \(contacts.map { places[$0]!.eventID ?? "" })) as u (w, contact, at, event_id)
            ), subjects as (
                select w, contact, contact as subject, at, event_id from wanted
                union all
                select w, contact, c.contact_id, at, event_id
                from wanted join contacts c on c.workspace_id = w and c.merged_into = contact
            )
            select s.w, s.contact, l.subject_id, l.at, l.event_id, l.name
            from subjects s cross join lateral (
                -- Subject by subject, as with `history`.
                select subject_id, at, event_id, name from event_log
                where workspace_id = s.w and subject_id = s.subject and (at, event_id) > (s.at, s.event_id)
                    and name = any(\(Array(names))) and effect = \(Int16(AcceptedEvent.Effect.live.rawValue))
                offset 0) l
            """)
        return try rows.map { row in
            let (workspace, contact, subject, at, eventID, name) = try row.decode(
                (WorkspaceID.self, UniqueID.self, UniqueID.self, Timestamp.self, String.self, String.self))
            return Later(
                contact: ContactKey(workspace: workspace, contact: contact), subject: subject, name: name,
                position: HistoryPosition(at: at, eventID: eventID))
        }
    }

    /// An event by its place, without what it says.
    public struct Later: Sendable, Hashable {
        public var contact: ContactKey
        public var subject: UniqueID
        public var name: String
        public var position: HistoryPosition
    }
}

extension AcceptedEvent {
    fileprivate var key: EventLog.Key {
        EventLog.Key(
            workspace: workspace, subject: subjectID, sentTime: sentTime ?? receivedAt, eventID: eventID)
    }
}
