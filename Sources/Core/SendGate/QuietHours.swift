public import Model

/// Hours of the day in which a contact gets no marketing, by the clocks of where the contact is.
public struct QuietHours: Sendable, Hashable {
    /// From a time of day until the next such time of the other one.
    public struct Period: Sendable, Hashable {
        /// Minutes after midnight, from 0 to 1439.
        public var from: Int
        /// Minutes after midnight, up to 1440; where it is not behind `from`, on the next day.
        public var until: Int
        /// The days of the week on which it begins.
        public var days: Set<Weekday>

        public init(from: Int, until: Int, days: Set<Weekday> = Set(Weekday.allCases)) {
            self.from = from
            self.until = until
            self.days = days
        }
    }

    public var periods: [Period]

    public init(_ periods: [Period]) { self.periods = periods }

    /// How long periods may follow on each other: what is longer is as good as endless.
    private static let longest = Span.days(14)

    /// When the quiet is over in which an instant lies; nil where it lies in none. Periods that meet are one.
    public func end(at time: Timestamp, in zone: LocalZone) -> Timestamp? {
        var end = time
        while end - time < Self.longest {
            guard let next = around(end, in: zone).filter({ $0.contains(end) }).map(\.end).max() else { break }
            end = next
        }
        return end > time ? end : nil
    }

    /// The first instant after one that is not quiet at which quiet begins.
    public func start(after time: Timestamp, in zone: LocalZone) -> Timestamp {
        let today = zone.day(of: time)
        for day in (today - 1)...(today + 8) {
            // A gap in the clocks may put the beginning of one day's behind that of the next.
            let starts = (day...(day + 1)).flatMap { intervals(on: $0, in: zone) }.map(\.start).filter { $0 > time }
            if let first = starts.min() { return first }
        }
        return .distantFuture
    }

    private struct Interval {
        var start: Timestamp
        var end: Timestamp

        func contains(_ time: Timestamp) -> Bool { start <= time && time < end }
    }

    /// The periods that may hold an instant: none is longer than a day.
    private func around(_ time: Timestamp, in zone: LocalZone) -> [Interval] {
        let today = zone.day(of: time)
        return ((today - 1)...today).flatMap { intervals(on: $0, in: zone) }
    }

    private func intervals(on day: Int64, in zone: LocalZone) -> [Interval] {
        let weekday = Weekday(ofDay: day)
        return periods.filter { $0.days.contains(weekday) }.map { period in
            let last = period.until > period.from ? day : day + 1
            return Interval(
                start: zone.instant(ofWallClock: day * 86_400 + Int64(period.from) * 60),
                end: zone.instant(ofWallClock: last * 86_400 + Int64(period.until) * 60))
        }
    }
}

extension LocalZone {
    /// The local day of an instant, as days since 1970.
    fileprivate func day(of time: Timestamp) -> Int64 {
        let second = time.microseconds.flooredDivision(by: 1_000_000).quotient
        return (second + offset(at: time)).flooredDivision(by: 86_400).quotient
    }
}
