/// A point on the UTC time line, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// It is the one time type between processes and in the store (PostgreSQL's `timestamptz` has the same precision).
/// Leap seconds do not exist on it, as in POSIX time.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }
    public init(seconds: Int64) { self.microseconds = seconds * 1_000_000 }

    public static let distantPast = Timestamp(microseconds: -210_866_803_200_000_000 / 2)
    public static let distantFuture = Timestamp(microseconds: 9_000_000_000_000_000)

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    public static func + (time: Timestamp, span: Span) -> Timestamp {
        Timestamp(microseconds: time.microseconds + span.microseconds)
    }

    public static func - (time: Timestamp, span: Span) -> Timestamp {
        Timestamp(microseconds: time.microseconds - span.microseconds)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Span {
        Span(microseconds: left.microseconds - right.microseconds)
    }
}

/// A length of domain time in whole microseconds; a day is 24 hours.
///
/// Swift's `Duration` is for machine time (time-outs, leases); `Span` is for what journeys and windows are made of.
public struct Span: Sendable, Hashable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static let zero = Span(microseconds: 0)
    public static func seconds(_ count: Int64) -> Span { Span(microseconds: count * 1_000_000) }
    public static func minutes(_ count: Int64) -> Span { .seconds(count * 60) }
    public static func hours(_ count: Int64) -> Span { .seconds(count * 3600) }
    public static func days(_ count: Int64) -> Span { .seconds(count * 86_400) }

    public static func < (left: Span, right: Span) -> Bool { left.microseconds < right.microseconds }
    public static func + (left: Span, right: Span) -> Span {
        Span(microseconds: left.microseconds + right.microseconds)
    }
}
