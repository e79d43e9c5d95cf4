public import Model
public import Postgres

/// How long the log is kept: for all workspaces together, since they share its parts.
///
/// **What of an event's time decides what becomes of it** (domain time throughout):
///
/// - *Late.* However late an event comes, it counts in its place, as long as the log goes back to when it was sent by the
///   sender's own clock. What was sent before the horizon is set aside as `past-retention`: nobody could tell a repeat of an
///   event that has left from a new one, and windows do not reach there.
/// - *A clock that is far behind.* Where the sender told its own time as well, so that an event is known to be younger than
///   the horizon, the timestamp is worth nothing, and the event is one without: its repeats are known for a day.
/// - *Early.* A public key's event is never of the future: it counts as of its receipt. A server's event of the future is
///   taken as it is, and counts from then on in windows, sums and places. What was sent after the next period, by any
///   clock, stands in the part `event_log_default` until its period comes near.
/// - *No time.* An event that came without a timestamp has that of its receipt, and its repeats are known for a day. One
///   that an import brought without a time is known by its row for good: it stands in the part `event_log_untimed`, which
///   stays.
/// - *Leaving.* A part of the log leaves when the last that was sent in it is older than retention and a week, which is how
///   far clocks may be behind: so a window within retention misses nothing. An event of a clock that was further behind
///   leaves as much earlier.
public struct EventRetention: Sendable, Hashable {
    /// What imports without times were sent at: it is no time, and never past retention.
    public static let untimed = Timestamp(seconds: 0)

    /// The shortest there may be, in days.
    public static let shortest = 31

    /// nil: the log is kept for good.
    public var kept: Span?
    /// What was sent before it is not taken; nil while nothing has left the log.
    public var horizon: Timestamp?

    public static func read(in session: PostgresSession) throws -> EventRetention {
        guard let row = try session.query("select keep_days, horizon from event_retention").first else {
            return EventRetention()
        }
        let (days, horizon) = try row.decode((Int32?.self, Timestamp?.self))
        return EventRetention(kept: days.map { .days(Int64($0)) }, horizon: horizon)
    }

    /// Sets how long the log is kept.
    ///
    /// - Parameters:
    ///   - days: nil for good; at least `shortest`.
    ///   - author: who does it, for the record.
    public static func keep(_ days: Int32?, by author: String, now: Timestamp, in session: PostgresSession) throws {
        try session.execute("update event_retention set keep_days = \(days), set_at = \(now), set_by = \(author)")
    }

    /// Months that a part of the log spans. So that there are never many of them: years for a log that is kept for good or
    /// for long, else quarters, and months where it is kept for about a year.
    public var monthsOfPart: Int32 {
        switch kept {
        case nil: 12
        case let kept? where kept <= .days(400): 1
        case let kept? where kept <= .days(1230): 3
        default: 12
        }
    }
}
