import Foundation

/// A time zone of the IANA database.
public struct LocalZone: Sendable, Hashable {
    public let name: String
    private let rules: TimeZone

    public static let utc = LocalZone("UTC")!

    /// Asking for the list makes a static link keep the zone data that Foundation brings along; without it a statically
    /// linked executable finds no zone at all. The data is in the executable: no files of the system are read.
    private static let hasData = !TimeZone.knownTimeZoneIdentifiers.isEmpty

    /// `UTC`, or a name with an area such as `Europe/Amsterdam`. Returns nil for anything else: abbreviations and offsets
    /// are not zones.
    public init?(_ name: String) {
        guard name == "UTC" || name.contains("/"), name.utf8.count <= 64, Self.hasData,
            let rules = TimeZone(identifier: name)
        else { return nil }
        self.name = name
        self.rules = rules
    }

    /// Seconds east of UTC at an instant.
    public func offset(at time: Timestamp) -> Int64 {
        let seconds = time.microseconds.flooredDivision(by: 1_000_000).quotient
        return offset(atSecond: seconds)
    }

    private func offset(atSecond second: Int64) -> Int64 {
        Int64(rules.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(second))))
    }

    /// The instant of a local wall-clock time, given as the seconds that it would have since 1970 in UTC.
    ///
    /// A time that the clocks skip is the first instant behind the gap; of one that comes twice, it is the first.
    public func instant(ofWallClock wall: Int64) -> Timestamp {
        let before = offset(atSecond: wall - 86_400)
        let after = offset(atSecond: wall + 86_400)
        for candidate in [wall - max(before, after), wall - min(before, after)]
        where candidate + offset(atSecond: candidate) == wall {
            return Timestamp(seconds: candidate)
        }
        return Timestamp(seconds: firstSecond(from: wall - after, to: wall - before, withOffset: after))
    }

    /// The second at which the clocks jump forward.
    private func firstSecond(from low: Int64, to high: Int64, withOffset offset: Int64) -> Int64 {
        var (low, high) = (low - 1, high)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if self.offset(atSecond: middle) == offset { high = middle } else { low = middle }
        }
        return high
    }
}

extension LocalZone {
    /// The zone that a contact's attribute `timezone` names; another one where it names none.
    public init(of contact: JSON, otherwise zone: LocalZone) {
        self = contact["timezone"]?.string.flatMap { LocalZone($0) } ?? zone
    }
}
