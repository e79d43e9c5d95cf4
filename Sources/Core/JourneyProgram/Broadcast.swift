import Expressions
public import Model

/// One journey for all members of a segment, at the times of a schedule: a run for each member and occurrence.
public struct Broadcast: Sendable, Hashable {
    public var schedule: Schedule
    public var segment: String
    /// How fast runs begin; nil: as fast as schedulers go. By the contacts' own clocks each begins at its time or later.
    public var throttle: Throttle?
    public var late: Late

    public init(_ schedule: Schedule, to segment: String, throttle: Throttle? = nil, late: Late = Late()) {
        self.schedule = schedule
        self.segment = segment
        self.throttle = throttle
        self.late = late
    }

    /// So many runs in so long a time, evenly spread.
    public struct Throttle: Sendable, Hashable {
        public var runs: Int64
        public var per: Span

        public init(runs: Int64, per: Span) {
            self.runs = runs
            self.per = per
        }

        /// From one run to the next.
        public var interval: Span { Span(microseconds: max(1, per.microseconds / max(1, runs))) }

        /// How many may begin in a length of time.
        public func most(within span: Span) -> Int64 { span.microseconds / interval.microseconds + 1 }
    }

    /// What becomes of an occurrence that schedulers come to late, since they were away or its journey was paused. With the
    /// contacts' own clocks each contact is late by itself.
    public struct Late: Sendable, Hashable {
        public enum Consequence: String, Sendable, CaseIterable {
            /// It is not sent, which is on record.
            case skip
            /// It is sent however late it is.
            case send
        }

        public var after: Span
        public var then: Consequence

        public init(after: Span = .hours(6), then: Consequence = .skip) {
            self.after = after
            self.then = then
        }

        /// Whether what was due at an instant is not sent any more.
        public func isOver(_ instant: Timestamp, now: Timestamp) -> Bool { then == .skip && now > instant + after }
    }
}

extension Journey {
    /// What it is sent by, where it is a broadcast.
    public var broadcast: Broadcast? {
        if case .broadcast(let broadcast) = entry.trigger { broadcast } else { nil }
    }

    /// The contact's own time of an occurrence, where that has passed by so long that it is not sent any more; nil where it is,
    /// and where the workspace's clocks decide, for all at once.
    public func missedTime(of occurrence: Schedule.Occurrence, in world: World) -> Timestamp? {
        guard let broadcast, broadcast.schedule.isLocal else { return nil }
        let instant = occurrence.instant(in: world.contactZone)
        return broadcast.late.isOver(instant, now: world.now) ? instant : nil
    }

    /// What decisions say of whom a broadcast goes to without letting them in.
    public static let passedOver = "passed over"

    /// Names an occurrence of a broadcast among all that starts its journey: the key of a signal that stands for it.
    public static func broadcastKey(_ occurrence: Schedule.Occurrence) -> String { "at \(occurrence)" }

    /// The occurrence that a key of a signal names; nil where another journey's step calls.
    public static func occurrence(ofKey key: String) -> Schedule.Occurrence? {
        key.hasPrefix("at ") ? Schedule.Occurrence(String(key.dropFirst(3))) : nil
    }
}
