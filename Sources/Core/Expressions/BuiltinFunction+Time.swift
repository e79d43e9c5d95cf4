import Model

/// The parts of timestamps and durations.
extension BuiltinFunction {
    /// With a zone as the second operand, a name or an offset; without one in UTC.
    func part(_ operands: [Value]) throws(Fault) -> Value {
        guard operands.count == 2 else {
            if case .duration(let span, _) = operands[0] { return .int(try part(of: span.microseconds)) }
            return try part(of: operands[0], in: .utc)
        }
        guard case .string(let name) = operands[1] else { throw mismatch(operands) }
        guard let rules = ZoneRules(name) else { throw Fault(.invalidArgument, "the text is not a time zone") }
        return try part(of: operands[0], in: rules)
    }

    func part(of value: Value, in zone: ZoneRules) throws(Fault) -> Value {
        guard case .timestamp(let at, _) = value else { throw mismatch([value]) }
        let local = at.microseconds + zone.offset(at: at) * 1_000_000
        let (day, rest) = local.flooredDivision(by: 86_400_000_000)
        return .int(part(day: day, microseconds: rest))
    }

    private func part(day: Int64, microseconds: Int64) -> Int64 {
        switch self {
        case .getHours: microseconds / 3_600_000_000
        case .getMinutes: microseconds / 60_000_000 % 60
        case .getSeconds: microseconds / 1_000_000 % 60
        case .getMilliseconds: microseconds / 1000 % 1000
        // 1970-01-01 was a Thursday; Sunday is 0.
        case .getDayOfWeek: (day + 4).flooredDivision(by: 7).remainder
        default: part(of: CivilDate(day: day))
        }
    }

    private func part(of date: CivilDate) -> Int64 {
        switch self {
        case .getDate: date.day
        case .getDayOfMonth: date.day - 1
        case .getMonth: date.month - 1
        case .getDayOfYear: date.dayOfYear
        default: date.year
        }
    }

    /// A duration as whole hours, minutes or seconds; and the milliseconds beyond its seconds.
    private func part(of microseconds: Int64) throws(Fault) -> Int64 {
        switch self {
        case .getHours: microseconds / 3_600_000_000
        case .getMinutes: microseconds / 60_000_000
        case .getSeconds: microseconds / 1_000_000
        case .getMilliseconds: microseconds / 1000 % 1000
        default: throw Fault(.noSuchOverload, "\(self) is not defined on duration")
        }
    }
}

/// The rules by which a zone's clocks differ from UTC: of the IANA database, or a fixed offset such as `+11:00`.
struct ZoneRules: Sendable {
    private enum Rules {
        case fixed(Int64)
        case named(LocalZone)
    }

    private let rules: Rules

    static let utc = ZoneRules(rules: .fixed(0))

    private init(rules: Rules) { self.rules = rules }

    /// Returns nil for what is neither the name of a zone nor an offset.
    init?(_ name: String) {
        if let offset = Self.offset(name) {
            rules = .fixed(offset)
        } else if let zone = LocalZone(name) {
            rules = .named(zone)
        } else {
            return nil
        }
    }

    /// Seconds east of UTC.
    func offset(at time: Timestamp) -> Int64 {
        switch rules {
        case .fixed(let offset): offset
        case .named(let zone): zone.offset(at: time)
        }
    }

    /// `+11:00`, `-09:30`, `02:00`
    private static func offset(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "+" || $0 == "-" }.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 6, parts[1].utf8.count == 2, let hours = Int64(parts[0]), hours < 24,
            let minutes = Int64(parts[1]), (0..<60).contains(minutes), hours >= 0
        else { return nil }
        return (hours * 60 + minutes) * (isNegative ? -60 : 60)
    }
}

/// A date of the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
private struct CivilDate {
    let year: Int64
    let month: Int64
    let day: Int64
    /// 0 on the first of January.
    let dayOfYear: Int64

    init(day days: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let sinceMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * sinceMarch + 2) / 153
        month = shifted < 10 ? shifted + 3 : shifted - 9
        day = sinceMarch - (153 * shifted + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        dayOfYear = month > 2 ? sinceMarch + 59 + (isLeap ? 1 : 0) : sinceMarch - 306
    }
}
