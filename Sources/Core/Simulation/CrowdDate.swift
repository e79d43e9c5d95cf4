import JourneyProgram
import Model

/// A date among the attributes of a crowd, with all that is done with it.
struct CrowdDate: Sendable {
    let path: [String]
    let uses: [ContactDate]

    /// By the attributes that they stand in, in the order of their names.
    static func all(of dates: [ContactDate]) -> [CrowdDate] {
        Dictionary(grouping: dates, by: \.path).map { CrowdDate(path: $0.key, uses: $0.value) }
            .sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    /// The date with which one of its uses comes within a day of an instant. An anniversary is that of one's birth, or of any
    /// other day long ago.
    func drawn(around instant: Timestamp, _ dice: inout CrowdDice) -> String {
        let use = uses[dice.below(uses.count)]
        let day = CalendarDate(
            daysSince1970: (instant - use.offset).microseconds.flooredDivision(by: 86_400_000_000).quotient)
        guard use.isYearly else { return day.description }
        return (day.inYear(day.year - 1 - Int64(dice.below(70))) ?? day).description
    }
}

extension [String: JSON] {
    /// Puts a value where a path leads; what is no object on the way becomes one.
    mutating func set(_ value: JSON, at path: ArraySlice<String>) {
        guard let name = path.first else { return }
        guard path.count > 1 else {
            self[name] = value
            return
        }
        var inner = self[name]?.object ?? [:]
        inner.set(value, at: path.dropFirst())
        self[name] = .object(inner)
    }
}
