/// A day of the proleptic Gregorian calendar, wherever in the world.
public struct CalendarDate: Sendable, Hashable, Comparable, LosslessStringConvertible {
    public let year: Int64
    public let month: Int64
    public let day: Int64

    /// Returns nil for a day that does not exist.
    public init?(year: Int64, month: Int64, day: Int64) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
    }

    public init(daysSince1970 days: Int64) { (year, month, day) = civil(fromDays: days) }

    /// Reads `YYYY-MM-DD`.
    public init?(_ text: String) {
        guard text.utf8.count == 10, let midnight = Timestamp(iso8601: text) else { return nil }
        self.init(daysSince1970: midnight.microseconds.flooredDivision(by: 86_400_000_000).quotient)
    }

    public var daysSince1970: Int64 { daysFromCivil(year: year, month: month, day: day) }

    public var description: String { "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))" }

    /// The same day of another year; of a year that has none, 29 February is the 28th.
    public func inYear(_ year: Int64) -> CalendarDate? {
        CalendarDate(year: year, month: month, day: day) ?? CalendarDate(year: year, month: month, day: day - 1)
    }

    public static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
