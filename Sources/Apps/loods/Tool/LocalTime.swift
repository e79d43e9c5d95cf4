import JourneyProgram
import Model

/// An instant as people of a time zone write it.
struct LocalTime {
    let time: Timestamp
    private let zone: LocalZone
    /// `2026-03-02T14:07:33.250`, local.
    private let text: String
    private let daysSince1970: Int64

    init(_ time: Timestamp, in zone: LocalZone) {
        self.time = time
        self.zone = zone
        let local = time + .seconds(zone.offset(at: time))
        text = String(local.description.dropLast())
        daysSince1970 = local.microseconds.flooredDivision(by: 86_400_000_000).quotient
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// `Mon 2 March 2026`.
    var day: String {
        let weekday = Self.weekdays[Int(daysSince1970.flooredDivision(by: 7).remainder)]
        let parts = text.prefix { $0 != "T" }.split(separator: "-")
        guard parts.count == 3, let month = Int(parts[1]), let day = Int(parts[2]) else { return text }
        return "\(weekday) \(day) \(Self.months[month - 1]) \(parts[0])"
    }

    /// `14:07`, or `14:07:33` where there are seconds.
    var clock: String {
        let clock = text.drop { $0 != "T" }.dropFirst().prefix(8)
        return String(clock.hasSuffix(":00") ? clock.prefix(5) : clock)
    }

    /// `Mon 2 March 2026 14:07`.
    var full: String { "\(day) \(clock)" }
}
