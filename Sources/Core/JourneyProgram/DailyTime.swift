public import Model

/// A time of day on some days of the week.
public struct DailyTime: Sendable, Hashable {
    public typealias Weekday = Model.Weekday

    public let hour: Int
    public let minute: Int
    public let days: Set<Weekday>
    /// Days on which it is not, whatever day of the week they are.
    public let holidays: Holidays
    /// How far behind it contacts are scattered, each at a place of its own: so that not all who wait for nine o'clock get
    /// their mail in the same second.
    public let spread: Span

    /// The longest spread.
    public static let longestSpread = Span.hours(12)

    public static let workdays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]

    /// Returns nil for an hour or minute that no day has, without days, and with a spread longer than it may be.
    public init?(
        hour: Int, minute: Int, days: Set<Weekday> = Set(Weekday.allCases), holidays: Holidays = Holidays(),
        spread: Span = .zero
    ) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), !days.isEmpty,
            (.zero...Self.longestSpread).contains(spread)
        else { return nil }
        self.hour = hour
        self.minute = minute
        self.days = days
        self.holidays = holidays
        self.spread = spread
    }

    /// Reads `HH:MM`.
    public init?(
        _ text: String, days: Set<Weekday> = Set(Weekday.allCases), holidays: Holidays = Holidays(),
        spread: Span = .zero
    ) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isTwoDigits),
            let hour = Int(parts[0]), let minute = Int(parts[1])
        else { return nil }
        self.init(hour: hour, minute: minute, days: days, holidays: holidays, spread: spread)
    }

    /// The first such instant in the zone that is not before `time`, the spread left aside.
    public func first(notBefore time: Timestamp, in zone: LocalZone) -> Timestamp {
        let second = time.microseconds.flooredDivision(by: 1_000_000).quotient
        let today = (second + zone.offset(at: time)).flooredDivision(by: 86_400).quotient
        // A whole week lies between two such times, and a gap may move one of them past midnight; holidays are fewer than
        // the weeks of a year.
        for day in (today - 1)...(today + 400) where days.contains(Weekday(ofDay: day)) && !holidays.contains(day) {
            let instant = zone.instant(ofWallClock: day * 86_400 + Int64(hour * 3600 + minute * 60))
            if instant >= time { return instant }
        }
        return time
    }

    private static func isTwoDigits(_ text: Substring) -> Bool {
        text.utf8.count == 2 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
