import Foundation
import Model
import Testing

extension Dice {
    /// A minute of the day in some instants of every zone of the tz database, of the years 1990–2040; half of the minutes
    /// are such as clocks skip or show twice.
    mutating func placesInTime() -> [(zone: LocalZone, instant: Timestamp, minute: Int)] {
        let zones = TimeZone.knownTimeZoneIdentifiers.compactMap { LocalZone($0) }
        #expect(zones.count > 300)
        var places: [(zone: LocalZone, instant: Timestamp, minute: Int)] = []
        for zone in zones {
            for instant in instants(in: zone) {
                places.append((zone, instant, below(2) == 0 ? below(1440) : 90 + below(120)))
            }
        }
        return places
    }

    /// Some drawn, and up to three of the zone's changes.
    private mutating func instants(in zone: LocalZone) -> [Timestamp] {
        let rules = TimeZone(identifier: zone.name)!
        var instants = (0..<4).map { _ in
            Timestamp(seconds: 631_152_000 + Int64(below(1_609_459_200)))
        }
        var change = rules.nextDaylightSavingTimeTransition(
            after: Date(timeIntervalSince1970: TimeInterval(631_152_000 + below(1_500_000_000))))
        for _ in 0..<3 {
            guard let next = change, next.timeIntervalSince1970 < 2_240_611_200 else { break }
            instants.append(Timestamp(seconds: Int64(next.timeIntervalSince1970)))
            change = rules.nextDaylightSavingTimeTransition(after: next)
        }
        return instants
    }
}
