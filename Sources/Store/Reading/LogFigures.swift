public import Model
public import Postgres

/// How far the log goes back and ahead, for those who watch it: scoring and operators.
public struct LogFigures: Sendable {
    /// The domain time.
    public var now: Timestamp
    public var retention: EventRetention
    /// Oldest first.
    public var parts: [EventPartitions.Part]
    /// Events that stand in no part of their own, counted up to `StoreFigures.limit`.
    public var strays: Int64

    public static func read(in session: PostgresSession) throws -> LogFigures {
        let now = try DomainClock.read(in: session)
        let parts = try EventPartitions.all(in: session)
        let strays = try parts.last.map { last in
            try session.query(
                """
                select count(*) from (
                    select from event_log where sent_time >= \(last.end) limit \(StoreFigures.limit)) as part
                """)[0][0, as: Int64.self]
        }
        return LogFigures(
            now: now, retention: try EventRetention.read(in: session), parts: parts, strays: strays ?? 0)
    }

    /// Seconds until the end of the last part that is made; 0 where that has passed, or there is none.
    public var ahead: Double { parts.last.map { max(0, ($0.end - now).inSeconds) } ?? 0 }

    /// Seconds since the oldest part was to begin to leave; 0 where none is to.
    public var overdue: Double {
        guard let kept = retention.kept, let oldest = parts.first else { return 0 }
        return max(0, (now - (oldest.end + kept + EventPartitions.grace)).inSeconds)
    }

    /// When the oldest part begins to leave; nil where the log is kept for good.
    public var nextLeaving: Timestamp? {
        guard let kept = retention.kept, let oldest = parts.first(where: { !$0.isSealed }) else { return nil }
        return oldest.end + kept + EventPartitions.grace
    }
}

extension Span {
    fileprivate var inSeconds: Double { Double(microseconds) / 1_000_000 }
}
