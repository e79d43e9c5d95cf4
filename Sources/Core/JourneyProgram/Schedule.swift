public import Model

/// The times at which a broadcast goes out: one, or one for each such day of the calendar.
public struct Schedule: Sendable, Hashable {
    public enum Days: Sendable, Hashable {
        case once(CalendarDate)
        case daily
        case weekly(Set<DailyTime.Weekday>)
        /// A day of the month, from 1 to 31; the last one of a month that is shorter.
        case monthly(Int)
    }

    public var days: Days
    /// Minutes after midnight, on the clocks that it goes by.
    public var minuteOfDay: Int
    /// Whether it goes by the clocks of each contact's own zone; else by those of the workspace's.
    public var isLocal: Bool

    public init(_ days: Days, minuteOfDay: Int, isLocal: Bool = false) {
        self.days = days
        self.minuteOfDay = minuteOfDay
        self.isLocal = isLocal
    }

    /// One such time, as clocks show it.
    public struct Occurrence: Sendable, Hashable {
        public let date: CalendarDate
        public let minuteOfDay: Int

        public init(date: CalendarDate, minuteOfDay: Int) {
            self.date = date
            self.minuteOfDay = minuteOfDay
        }

        /// Seconds since 1970 that a clock in UTC would show.
        var wallClock: Int64 { date.daysSince1970 * 86_400 + Int64(minuteOfDay) * 60 }

        /// When the clocks of a zone show it: a time that they skip is the first instant behind the gap, and one that comes
        /// twice is the first of the two.
        public func instant(in zone: LocalZone) -> Timestamp { zone.instant(ofWallClock: wallClock) }
    }
}

extension Schedule.Occurrence: LosslessStringConvertible {
    /// `2026-03-02T09:00`.
    public var description: String {
        let (hour, minute) = minuteOfDay.quotientAndRemainder(dividingBy: 60)
        return "\(date)T\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }

    /// Reads what `description` writes, and nothing else.
    public init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, let date = CalendarDate(String(parts[0])), let time = DailyTime(String(parts[1])) else {
            return nil
        }
        self.init(date: date, minuteOfDay: time.hour * 60 + time.minute)
    }
}

// MARK: What comes next

extension Schedule {
    /// How far ahead of UTC the first clocks of the world are, and how far behind it the last, in seconds.
    private static let (firstClocks, lastClocks): (Int64, Int64) = (14 * 3600, -12 * 3600)

    /// When an occurrence begins: by the contacts' own clocks, when it comes first anywhere in the world (UTC+14).
    ///
    /// - Parameter zone: the workspace's.
    public func opening(of occurrence: Occurrence, in zone: LocalZone) -> Timestamp {
        isLocal
            ? Timestamp(seconds: occurrence.wallClock - Self.firstClocks) : occurrence.instant(in: zone)
    }

    /// When the last clocks show an occurrence (UTC-12, where it goes by the contacts' own).
    public func closing(of occurrence: Occurrence, in zone: LocalZone) -> Timestamp {
        isLocal ? Timestamp(seconds: occurrence.wallClock - Self.lastClocks) : occurrence.instant(in: zone)
    }

    /// From where an occurrence comes first to where it comes last.
    public var reach: Span { isLocal ? .seconds(Self.firstClocks - Self.lastClocks) : .zero }

    /// The first occurrence that does not begin before an instant; nil where there is none any more.
    public func first(notBefore time: Timestamp, in zone: LocalZone) -> Occurrence? {
        if case .once(let date) = days {
            let only = Occurrence(date: date, minuteOfDay: minuteOfDay)
            return opening(of: only, in: zone) >= time ? only : nil
        }
        // No zone is a whole day from UTC, and one day may be missing where the date line moved.
        let today = time.microseconds.flooredDivision(by: 86_400_000_000).quotient
        for day in (today - 2)...(today + 70) {
            let date = CalendarDate(daysSince1970: day)
            guard falls(on: date, day) else { continue }
            let occurrence = Occurrence(date: date, minuteOfDay: minuteOfDay)
            if opening(of: occurrence, in: zone) >= time { return occurrence }
        }
        return nil
    }

    /// The first occurrence that begins after an instant.
    public func first(after time: Timestamp, in zone: LocalZone) -> Occurrence? {
        first(notBefore: time + Span(microseconds: 1), in: zone)
    }

    private func falls(on date: CalendarDate, _ day: Int64) -> Bool {
        switch days {
        case .once(let only): date == only
        case .daily: true
        case .weekly(let weekdays): weekdays.contains(DailyTime.Weekday(ofDay: day))
        case .monthly(let number):
            date.day == Int64(number)
                || date.day < Int64(number) && CalendarDate(daysSince1970: day + 1).month != date.month
        }
    }
}
