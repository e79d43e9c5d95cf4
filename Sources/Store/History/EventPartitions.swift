import Contracts
public import Expressions
public import Model
public import Postgres

/// The parts of the log, by the senders' own time: made ahead, sealed when retention is over, and dropped when what they
/// held is counted.
///
/// What needs a lock on the log waits for it for a fifth of a second at most and throws (SQLSTATE 55P03, which is
/// transient): so nobody who reads or writes waits longer, however long others read. Any number of processes may call any of
/// it at a time. As scoring.
public enum EventPartitions {
    public struct Part: Sendable, Hashable {
        /// The table's.
        public var name: String
        public var start: Timestamp
        public var end: Timestamp
        public var isSealed: Bool
    }

    /// Oldest first.
    public static func all(in session: PostgresSession) throws -> [Part] {
        try session.query(
            "select name, starts_at, ends_at, sealed_at is not null from event_partitions order by ends_at"
        ).map(part)
    }

    /// Makes the next part where one is missing: there is always the present period and the next.
    ///
    /// - Parameter months: how many a period has: 1, 3 or 12.
    /// - Returns: the new part's name; nil where none is missing.
    public static func extend(now: Timestamp, months: Int32, in session: PostgresSession) throws -> String? {
        try session.query("select extend_event_log(\(now), \(months))")[0][0, as: String?.self]
    }

    /// The oldest part that nothing should come into any more; nil where retention is over for none.
    public static func due(
        at now: Timestamp, keeping retention: EventRetention, in session: PostgresSession
    ) throws -> Part? {
        guard let kept = retention.kept else { return nil }
        let oldest = try all(in: session).first { !$0.isSealed }
        return oldest.flatMap { $0.end + kept + grace <= now ? $0 : nil }
    }

    /// How far senders' clocks may be behind.
    public static let grace = Span.days(7)

    /// Lets nothing more into the oldest part for which retention is over.
    ///
    /// - Returns: its name; nil where there is none.
    public static func seal(machineNow: Timestamp, in session: PostgresSession) throws -> String? {
        try session.query("select seal_event_log(\(machineNow))")[0][0, as: String?.self]
    }

    /// Drops a part that is sealed and empty and the oldest.
    ///
    /// - Returns: whether it was.
    @discardableResult
    public static func drop(_ name: String, in session: PostgresSession) throws -> Bool {
        try session.query("select drop_event_partition(\(name))")[0][0, as: Bool.self]
    }

    // MARK: Counting what leaves

    /// Events of a sealed part, one behind the other in the order of their keys.
    public struct Slice: Sendable {
        public var part: String
        /// Whom they are about; empty where the part holds no more.
        public var subjects: Set<ContactKey>
        fileprivate var start: EventLog.Key
        fileprivate var end: EventLog.Key
    }

    /// An event that leaves the log.
    public struct Leaving: Sendable {
        public var subject: ContactKey
        public var event: HistoryEvent
    }

    /// The next events of the oldest sealed part that nobody else has in hand, at most `limit`; its lock is held until the
    /// transaction ends.
    public static func next(limit: Int32, in session: PostgresSession) throws -> Slice? {
        let rows = try session.query(
            """
            select name, starts_at, ends_at, folded_workspace, folded_subject, folded_sent_time, folded_event_id
            from event_partitions where sealed_at is not null order by ends_at limit 1 for update skip locked
            """)
        guard let row = rows.first else { return nil }
        let (name, begin, end, workspace, subject, sent, id) = try row.decode(
            (
                String.self, Timestamp.self, Timestamp.self, WorkspaceID.self, UniqueID.self, Timestamp.self,
                String.self
            ))
        let start = EventLog.Key(workspace, subject: subject, sentTime: sent, eventID: id)
        let keys = try session.query(
            """
            select workspace_id, subject_id, sent_time, event_id from event_log
            where sent_time >= \(begin) and sent_time < \(end) and (workspace_id, subject_id, sent_time, event_id)
                > (\(workspace), \(subject), \(sent), \(id))
            order by workspace_id, subject_id, sent_time, event_id limit \(limit)
            """
        ).map { try $0.decode((WorkspaceID.self, UniqueID.self, Timestamp.self, String.self)) }
        let last = keys.last.map { EventLog.Key($0.0, subject: $0.1, sentTime: $0.2, eventID: $0.3) }
        return Slice(
            part: name, subjects: Set(keys.map { ContactKey(workspace: $0.0, contact: $0.1) }), start: start,
            end: last ?? start)
    }

    /// Takes a slice's events out of the log, for the caller to count them in the same transaction, which holds the locks of
    /// their contacts.
    ///
    /// - Parameter context: whether events carry where they happened.
    public static func take(_ slice: Slice, context: Bool, in session: PostgresSession) throws -> [Leaving] {
        let (start, end) = (slice.start, slice.end)
        let rows = try session.query(
            """
            select workspace_id, subject_id, at, event_id, name, properties,
                case when \(context) then context else '{}' end
            from take_events(
                \(slice.part), \(start.workspace), \(start.subject), \(start.sentTime), \(start.eventID),
                \(end.workspace), \(end.subject), \(end.sentTime), \(end.eventID))
            """)
        try session.execute(
            """
            update event_partitions
            set folded_workspace = \(end.workspace), folded_subject = \(end.subject),
                folded_sent_time = \(end.sentTime), folded_event_id = \(end.eventID)
            where name = \(slice.part)
            """)
        return try rows.map { row in
            let (workspace, subject, at, eventID, name, properties, context) = try row.decode(
                (
                    WorkspaceID.self, UniqueID.self, Timestamp.self, String.self, String.self, JSON.self, JSON.self
                ))
            return Leaving(
                subject: ContactKey(workspace: workspace, contact: subject),
                event: HistoryEvent(at: at, eventID: eventID, name: name, properties: properties, context: context))
        }
    }

    private static func part(_ row: PostgresRow) throws -> Part {
        let (name, start, end, isSealed) = try row.decode(
            (String.self, Timestamp.self, Timestamp.self, Bool.self))
        return Part(name: name, start: start, end: end, isSealed: isSealed)
    }
}
