public import Model
public import Postgres

/// How much waits in the store at this moment. Nothing is counted beyond `limit`, so that asking costs the same however
/// much waits.
public struct Backlog: Sendable, Hashable {
    /// A count that has reached it says: so many or more.
    public static let limit: Int64 = 100_000

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
        let most = limit
        let row = try session.query(
            """
            select (select count(*) from (select from outbox limit \(most)) as part),
                (select min(created_at) from outbox),
                (select count(*) from (select from timers where due_at <= \(now) limit \(most)) as part),
                (select count(*) from (select from timers limit \(most)) as part),
                (select min(due_at) from timers where due_at > \(now)),
                (select count(*) from (
                    (select from messages where look_at is not null limit \(most))
                    union all (select from messages where due_at <= \(now) limit \(most)) limit \(most)) as part),
                (select count(*) from (select from messages where due_at > \(now) limit \(most)) as part),
                (select count(*) from (select from open_messages where state = 'claimed' limit \(most)) as part),
                (select count(*) from (select from open_messages where state = 'handed' limit \(most)) as part),
                (select count(*) from (select from set_aside where replayed_at is null limit \(most)) as part)
            """)[0]
        return Backlog(
            outbox: try row[0, as: Int64.self], oldestOutbox: try row[1, as: Timestamp?.self],
            dueTimers: try row[2, as: Int64.self], timers: try row[3, as: Int64.self],
            nextTimer: try row[4, as: Timestamp?.self], dueMessages: try row[5, as: Int64.self],
            heldMessages: try row[6, as: Int64.self], claimedMessages: try row[7, as: Int64.self],
            handedMessages: try row[8, as: Int64.self], setAside: try row[9, as: Int64.self])
    }
}
