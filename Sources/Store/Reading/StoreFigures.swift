public import Model
import Pacing
public import Postgres

/// What operators watch in the store, read by indexes and counted up to a limit, so that it costs the same however much
/// there is.
public struct StoreFigures: Sendable {
    /// A count that has reached it says: so many or more.
    public static let limit: Int64 = 100_000

    /// What is set aside of one queue, for one class of reasons.
    public struct SetAsideCount: Sendable, Hashable {
        public var queue: String
        public var reason: SetAside.ReasonClass
        public var count: Int64
    }

    /// By queue, when the oldest body was put into the outbox (machine time), and how many stand there.
    public var outbox: [String: (oldest: Timestamp, rows: Int64)]
    /// The domain time.
    public var now: Timestamp
    /// Timers that are due and not yet taken, and the due time of the earliest.
    public var dueTimers: Int64
    public var oldestTimer: Timestamp?
    /// Wakes that are due and not yet taken, and the due time of the earliest.
    public var dueWakes: Int64
    public var oldestWake: Timestamp?
    /// Contacts that the live definitions have yet to reach, and since when the oldest backfill is under way.
    public var backfill: Int64
    public var oldestBackfill: Timestamp?
    /// Messages that mailers may take now (planned, and not held or put off), and the domain time since when the oldest
    /// may be.
    public var dueMessages: Int64
    public var heldMessages: Int64
    public var claimedMessages: Int64
    public var handedMessages: Int64
    public var unknownMessages: Int64
    /// Senders whose mail stands still.
    public var pausedSenders: Int64
    /// Mails that wait in line for their turn; they are among those held.
    public var linedMessages: Int64
    /// Sites to which mail is slowed down.
    public var slowedSites: Int64
    /// Workspaces whose kill switch is on.
    public var stoppedWorkspaces: Int64
    public var setAside: [SetAsideCount]
    /// Whether mailers may send from this store: nobody refused, and it is the one they sent from.
    public var lineageStands: Bool

    /// How long, in seconds of domain time, the earliest due wake has been due; nil where none is.
    public var wakeLag: Double? {
        oldestWake.map { max(0, Double((now - $0).microseconds) / 1_000_000) }
    }

    /// How long, in seconds of domain time, the earliest due timer has been due; nil where none is.
    public var timerLag: Double? {
        oldestTimer.map { max(0, Double((now - $0).microseconds) / 1_000_000) }
    }

    /// Reads all of it.
    ///
    /// - Parameter machineNow: by which planned messages are put off.
    public static func read(machineNow: Timestamp, in session: PostgresSession) throws -> StoreFigures {
        let most = limit
        let now = try DomainClock.read(in: session)
        let row = try session.query(
            """
            select (select count(*) from (select from timers where due_at <= \(now) limit \(most)) as part),
                (select min(due_at) from timers where due_at <= \(now)),
                (select count(*) from (select from wakes where due_at <= \(now) limit \(most)) as part),
                (select min(due_at) from wakes where due_at <= \(now)),
                (select coalesce(sum(greatest(contacts - done, 1)), 0)::bigint from backfills where ended_at is null),
                (select min(started_at) from backfills where ended_at is null),
                (select count(*) from (
                    (select from messages where look_at <= \(machineNow) limit \(most))
                    union all (select from messages where due_at <= \(now) limit \(most)) limit \(most)) as part),
                (select count(*) from (
                    (select from messages where look_at > \(machineNow) and retry_at is not null limit \(most))
                    union all (select from messages where due_at > \(now) limit \(most)) limit \(most)) as part),
                (select count(*) from (select from open_messages where state = 'claimed' limit \(most)) as part),
                (select count(*) from (select from open_messages where state = 'handed' limit \(most)) as part),
                (select count(*) from (select from unknown_messages limit \(most)) as part),
                (select count(*) from (select from sender_pauses limit \(most)) as part),
                (select count(*) from (
                    select from messages where due_at = '9998-12-31 00:00:00+00' and line is not null limit \(most)) as part),
                (select count(*) from (select from kill_switches limit \(most)) as part)
            """)[0]
        let standing = try Lineages.standing(in: session)
        return StoreFigures(
            outbox: try outbox(in: session), now: now, dueTimers: try row[0, as: Int64.self],
            oldestTimer: try row[1, as: Timestamp?.self], dueWakes: try row[2, as: Int64.self],
            oldestWake: try row[3, as: Timestamp?.self], backfill: try row[4, as: Int64.self],
            oldestBackfill: try row[5, as: Timestamp?.self], dueMessages: try row[6, as: Int64.self],
            heldMessages: try row[7, as: Int64.self], claimedMessages: try row[8, as: Int64.self],
            handedMessages: try row[9, as: Int64.self], unknownMessages: try row[10, as: Int64.self],
            pausedSenders: try row[11, as: Int64.self], linedMessages: try row[12, as: Int64.self],
            slowedSites: Int64(try SendQuotas.slowed(at: now, in: session).count),
            stoppedWorkspaces: try row[13, as: Int64.self], setAside: try setAside(in: session),
            lineageStands: standing.refusal == nil
                && (standing.recorded == standing.actual || standing.recorded == nil))
    }

    private static func outbox(in session: PostgresSession) throws -> [String: (oldest: Timestamp, rows: Int64)] {
        let rows = try session.query(
            """
            select queue, min(created_at), count(*)
            from (select queue, created_at from outbox limit \(limit)) as part group by queue
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map {
                (try $0[0, as: String.self], (try $0[1, as: Timestamp.self], try $0[2, as: Int64.self]))
            })
    }

    private static func setAside(in session: PostgresSession) throws -> [SetAsideCount] {
        let rows = try session.query(
            """
            select queue, reason, count(*) from (
                select queue, reason from set_aside where replayed_at is null limit \(limit)) as part
            group by queue, reason
            """)
        var counts: [SetAsidePlace: Int64] = [:]
        for row in rows {
            let (queue, reason, count) = try row.decode((String.self, String.self, Int64.self))
            counts[SetAsidePlace(queue: queue, reason: SetAside.ReasonClass(reason: reason)), default: 0] += count
        }
        return counts.map { SetAsideCount(queue: $0.queue, reason: $0.reason, count: $1) }
            .sorted { ($0.queue, $0.reason.rawValue) < ($1.queue, $1.reason.rawValue) }
    }

    private struct SetAsidePlace: Hashable {
        var queue: String
        var reason: SetAside.ReasonClass
    }
}

extension SetAside {
    /// Kinds of reasons, few enough for a label of a metric.
    public enum ReasonClass: String, Sendable, CaseIterable {
        /// Its bytes say nothing to this build: of another contract, a later version, or damaged.
        case unreadable
        /// Workers took it again and again and never settled it.
        case killsWorkers = "kills_workers"
        /// The broker put it aside by itself.
        case broker
        /// Events that were sent before the log's horizon.
        case pastRetention = "past_retention"
        /// It was read, and could not be done.
        case failed

        /// - Parameter reason: as the store keeps it.
        public init(reason: String) {
            if reason.hasPrefix("the body ") {
                self = .unreadable
            } else if reason.hasPrefix("workers took it ") {
                self = .killsWorkers
            } else if reason.hasPrefix("the broker put it aside") {
                self = .broker
            } else if reason.hasPrefix(SetAside.pastRetention) {
                self = .pastRetention
            } else {
                self = .failed
            }
        }
    }
}
