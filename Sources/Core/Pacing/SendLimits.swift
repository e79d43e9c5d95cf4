public import Model

/// How many mails may go in a length of time, and how many at once; nil: as many as there are.
public struct SendLimits: Sendable, Hashable {
    /// A length of time that a limit counts in. Windows begin at whole seconds, minutes, hours and days of UTC.
    public enum Unit: Int, Sendable, CaseIterable {
        case second, minute, hour, day

        public var span: Span {
            switch self {
            case .second: Span(microseconds: 1_000_000)
            case .minute: Span(microseconds: 60_000_000)
            case .hour: .hours(1)
            case .day: .days(1)
            }
        }

        /// Which window of its kind an instant lies in, counted from 1970.
        public func window(of time: Timestamp) -> Int64 {
            time.microseconds.flooredDivision(by: span.microseconds).quotient
        }

        func start(ofWindow window: Int64) -> Timestamp { Timestamp(microseconds: window * span.microseconds) }
    }

    public var perSecond: Int64?
    public var perMinute: Int64?
    public var perHour: Int64?
    public var perDay: Int64?
    /// Mails under way at the same time.
    public var sessions: Int64?

    public init(
        perSecond: Int64? = nil, perMinute: Int64? = nil, perHour: Int64? = nil, perDay: Int64? = nil,
        sessions: Int64? = nil
    ) {
        (self.perSecond, self.perMinute, self.perHour) = (perSecond, perMinute, perHour)
        (self.perDay, self.sessions) = (perDay, sessions)
    }

    public var isNone: Bool { self == SendLimits() }

    public subscript(unit: Unit) -> Int64? {
        switch unit {
        case .second: perSecond
        case .minute: perMinute
        case .hour: perHour
        case .day: perDay
        }
    }
}
