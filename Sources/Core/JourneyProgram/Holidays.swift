import Model

/// Days on which nobody works, some of them every year.
public struct Holidays: Sendable, Hashable {
    /// The most that there are: fewer than there are weeks in a year, so that some day of each kind is left.
    public static let limit = 50

    private var dates: Set<CalendarDate> = []
    /// Of the year 2000, which has every day.
    private var daysOfYear: Set<CalendarDate> = []

    public init() {}

    public var isEmpty: Bool { dates.isEmpty && daysOfYear.isEmpty }
    public var count: Int { dates.count + daysOfYear.count }

    /// Adds `YYYY-MM-DD`, or `MM-DD` of every year.
    ///
    /// - Returns: false for anything else.
    public mutating func add(_ text: String) -> Bool {
        if let date = CalendarDate(text) {
            dates.insert(date)
        } else if text.utf8.count == 5, let day = CalendarDate("2000-" + text) {
            daysOfYear.insert(day)
        } else {
            return false
        }
        return true
    }

    /// Whether a day is one, given as days since 1970.
    func contains(_ day: Int64) -> Bool {
        guard !isEmpty else { return false }
        let date = CalendarDate(daysSince1970: day)
        return dates.contains(date) || date.inYear(2000).map { daysOfYear.contains($0) } ?? false
    }
}

extension Holidays: CustomStringConvertible {
    /// All of them in one order.
    public var description: String {
        let days = dates.map(\.description) + daysOfYear.map { String($0.description.dropFirst(5)) }
        return days.sorted().joined(separator: " ")
    }
}
