public import Model
public import Postgres

/// How much waits in the store at this moment.
public struct Backlog: Sendable, Hashable {
    /// Bodies whose publication is not confirmed, and since when the oldest waits (machine time).
    public var outbox: Int64
    public var oldestOutbox: Timestamp?
    /// Timers due by now, and all of them; the domain time of the next.
    public var dueTimers: Int64
    public var timers: Int64
    public var nextTimer: Timestamp?
    /// Planned and due, planned for later, in mailers' hands, at their final dot.
    public var dueMessages: Int64
    public var heldMessages: Int64
    public var claimedMessages: Int64
    public var handedMessages: Int64
    /// Set aside and not replayed.
    public var setAside: Int64

    /// Counts what waits at domain time `now`, in one consistent reading.
    public static func read(at now: Timestamp, in session: PostgresSession) throws -> Backlog {
        let row = try session.query(
            """
            select (select count(*) from outbox), (select min(created_at) from outbox),
                (select count(*) from timers where due_at <= \(now)), (select count(*) from timers),
                (select min(due_at) from timers where due_at > \(now)),
                (select count(*) from messages where state = 'planned' and due_at <= \(now)),
                (select count(*) from messages where state = 'planned' and due_at > \(now)),
                (select count(*) from messages where state = 'claimed'),
                (select count(*) from messages where state = 'handed'),
                (select count(*) from set_aside where replayed_at is null)
            """)[0]
        return Backlog(
            outbox: try row[0, as: Int64.self], oldestOutbox: try row[1, as: Timestamp?.self],
            dueTimers: try row[2, as: Int64.self], timers: try row[3, as: Int64.self],
            nextTimer: try row[4, as: Timestamp?.self], dueMessages: try row[5, as: Int64.self],
            heldMessages: try row[6, as: Int64.self], claimedMessages: try row[7, as: Int64.self],
            handedMessages: try row[8, as: Int64.self], setAside: try row[9, as: Int64.self])
    }
}
