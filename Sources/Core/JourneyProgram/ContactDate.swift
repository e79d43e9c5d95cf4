public import Model

/// A date among a contact's attributes, such as a birthday or the end of a trial, and the instant that it stands for.
public struct ContactDate: Sendable, Hashable {
    /// Where it stands: `trial_ends`, or `company` and `renewal`.
    public var path: [String]
    /// Added to it: whole days by the calendar, and the rest as time that passes.
    public var offset: Span
    /// Minutes after midnight in the contact's zone; nil: the attribute's own time, and midnight for a bare date.
    public var minuteOfDay: Int?
    /// Whether the anniversaries are meant, and not the date itself.
    public var isYearly: Bool

    public init(path: [String], offset: Span = .zero, minuteOfDay: Int? = nil, isYearly: Bool = false) {
        self.path = path
        self.offset = offset
        self.minuteOfDay = minuteOfDay
        self.isYearly = isYearly
    }

    /// One time that it comes.
    public struct Occurrence: Sendable, Hashable {
        public var at: Timestamp
        /// The date itself or the anniversary, without the offset: `2026-03-09`. Where the attribute has a time it is that
        /// instant in UTC, `2026-03-09T08:00:00Z`, and so the same in whatever zone the contact is.
        public var key: String
    }

    /// The first time that it comes after an instant; nil for an attribute that is missing or no date.
    ///
    /// Dates are `YYYY-MM-DD`, timestamps of RFC 3339, and for anniversaries `--MM-DD` as well. Anniversaries begin a year
    /// after the date.
    public func first(after time: Timestamp, of contact: JSON, in zone: LocalZone) -> Occurrence? {
        guard let base = Base(attribute(of: contact), in: zone) else { return nil }
        guard isYearly else {
            guard let date = base.date, let only = occurrence(of: base, on: date, in: zone), only.at > time else {
                return nil
            }
            return only
        }
        // An offset is a year at most.
        let now = time.microseconds.flooredDivision(by: 86_400_000_000).quotient
        let first = max(CalendarDate(daysSince1970: now).year - 2, base.date.map { $0.year + 1 } ?? 1)
        for year in first...(first + 5) {
            guard let date = base.anniversary(in: year), let next = occurrence(of: base, on: date, in: zone) else {
                continue
            }
            if next.at > time { return next }
        }
        return nil
    }

    /// The times that it comes within two instants, both included.
    public func occurrences(
        from start: Timestamp, through end: Timestamp, of contact: JSON, in zone: LocalZone
    ) -> [Occurrence] {
        var found: [Occurrence] = []
        var last = start - Span(microseconds: 1)
        while let next = first(after: last, of: contact, in: zone), next.at <= end {
            found.append(next)
            last = next.at
        }
        return found
    }

    private func occurrence(of base: Base, on date: CalendarDate, in zone: LocalZone) -> Occurrence? {
        let (days, rest) = offset.microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        let second = minuteOfDay.map { Int64($0) * 60 } ?? base.secondOfDay ?? 0
        let instant = zone.instant(ofWallClock: (date.daysSince1970 + days) * 86_400 + second)
        return Occurrence(at: instant + Span(microseconds: rest), key: base.key(on: date))
    }

    private func attribute(of contact: JSON) -> JSON? {
        path.reduce(contact as JSON?) { $0?[$1] }
    }

    /// What the attribute says.
    private struct Base {
        /// Nil for a day of every year.
        var date: CalendarDate?
        private var dayOfYear: CalendarDate?
        /// In the contact's zone.
        var secondOfDay: Int64?
        /// Of what has a time.
        private var instant: Timestamp?

        init?(_ value: JSON?, in zone: LocalZone) {
            guard let text = value?.string else { return nil }
            if text.hasPrefix("--") {
                // A leap year has every day.
                guard text.utf8.count == 7, let day = CalendarDate("2000-" + text.dropFirst(2)) else { return nil }
                dayOfYear = day
            } else if let day = CalendarDate(text) {
                date = day
            } else {
                guard let instant = Timestamp(iso8601: text) else { return nil }
                let second = instant.microseconds.flooredDivision(by: 1_000_000).quotient
                let local = (second + zone.offset(at: instant)).flooredDivision(by: 86_400)
                (date, secondOfDay) = (CalendarDate(daysSince1970: local.quotient), local.remainder)
                self.instant = instant
            }
        }

        /// What tells the date, or one of its anniversaries, from all others: as many years behind the date in UTC.
        func key(on day: CalendarDate) -> String {
            guard let instant, let date else { return "\(day)" }
            let (utc, time) = instant.microseconds.flooredDivision(by: 86_400_000_000)
            let first = CalendarDate(daysSince1970: utc)
            let same = first.inYear(first.year + day.year - date.year) ?? first
            return "\(Timestamp(microseconds: same.daysSince1970 * 86_400_000_000 + time))"
        }

        func anniversary(in year: Int64) -> CalendarDate? { (date ?? dayOfYear)?.inYear(year) }
    }
}

extension ContactDate: CustomStringConvertible {
    /// As decisions tell it: `contact.birthday`.
    public var description: String { (["contact"] + path).joined(separator: ".") }
}
