/// A day of the week.
public enum Weekday: Int, Sendable, CaseIterable {
    case sunday, monday, tuesday, wednesday, thursday, friday, saturday

    /// That of a day of the Gregorian calendar, given as days since 1970; 1970-01-01 was a Thursday.
    public init(ofDay day: Int64) {
        self.init(rawValue: Int((day + 4).flooredDivision(by: 7).remainder))!
    }

    /// The day's name in files: `mon`, `tue` …
    public var abbreviation: String { String(String(describing: self).prefix(3)) }
}
