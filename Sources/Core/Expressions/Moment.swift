import Model

/// Microseconds and the nanoseconds beyond them (0 to 999): CEL's timestamps and durations are that fine.
struct Moment: Equatable, Comparable {
    var microseconds: Int64
    var nanos: Int16

    init(microseconds: Int64, nanos: Int16 = 0) {
        self.microseconds = microseconds
        self.nanos = nanos
    }

    /// Seconds and up to a second of nanoseconds; nil beyond 64 bits of microseconds.
    init?(seconds: Int64, nanoseconds: Int64) {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (micros, nanos) = nanoseconds.flooredDivision(by: 1000)
        let (sum, overflowInSum) = whole.addingReportingOverflow(micros)
        guard !overflow, !overflowInSum else { return nil }
        self.init(microseconds: sum, nanos: Int16(nanos))
    }

    static func < (left: Moment, right: Moment) -> Bool {
        (left.microseconds, left.nanos) < (right.microseconds, right.nanos)
    }

    static func + (left: Moment, right: Moment) -> Moment {
        let (carry, nanos) = Int64(left.nanos + right.nanos).flooredDivision(by: 1000)
        return Moment(microseconds: left.microseconds + right.microseconds + carry, nanos: Int16(nanos))
    }

    static func - (left: Moment, right: Moment) -> Moment {
        let (carry, nanos) = Int64(left.nanos - right.nanos).flooredDivision(by: 1000)
        return Moment(microseconds: left.microseconds - right.microseconds + carry, nanos: Int16(nanos))
    }

    /// Whole seconds toward the past, and what lies beyond them.
    var secondsAndNanoseconds: (seconds: Int64, nanoseconds: Int64) {
        let (seconds, micros) = microseconds.flooredDivision(by: 1_000_000)
        return (seconds, micros * 1000 + Int64(nanos))
    }

    /// `.5`, `.123456789`; nothing for a whole second.
    static func fraction(_ nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "" }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }
}

extension Value {
    /// CEL's timestamps lie in the years 0001 to 9999.
    static func timestamp(_ moment: Moment) throws(Fault) -> Value {
        guard (-62_135_596_800_000_000...253_402_300_799_999_999).contains(moment.microseconds) else {
            throw Fault(.overflow, "timestamp out of range")
        }
        return .timestamp(Timestamp(microseconds: moment.microseconds), nanos: moment.nanos)
    }

    static func duration(_ moment: Moment) throws(Fault) -> Value {
        guard Self.durations.contains(moment.microseconds) else {
            throw Fault(.overflow, "duration out of range")
        }
        return .duration(Span(microseconds: moment.microseconds), nanos: moment.nanos)
    }

    /// What 64 bits of nanoseconds hold: about 292 years in either direction (language definition, "Overflow").
    private static let durations = -9_223_372_036_854_775...Int64(9_223_372_036_854_775)
}
