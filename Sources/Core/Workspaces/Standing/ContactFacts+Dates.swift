public import JourneyProgram
public import Model

extension ContactFacts {
    private static let oldestSaidDate = Span.days(1)

    /// The dates with which journeys start that have come since a wake was due, or since an event said what they are; of
    /// those that are older than a day when they are said nothing comes. One that is told twice starts nothing twice.
    public func datesCome(
        _ dates: [(journey: String, date: ContactDate)], wokenAt due: Timestamp?, describedAt: Timestamp?,
        otherwise home: LocalZone
    ) -> [(journey: String, occurrence: ContactDate.Occurrence)] {
        let start = due ?? describedAt.map { max($0, now - Self.oldestSaidDate) }
        guard let start, start <= now else { return [] }
        let zone = LocalZone(of: contact, otherwise: home)
        return dates.flatMap { journey, date in
            date.occurrences(from: start, through: now, of: contact, in: zone).map { (journey, $0) }
        }
    }

    /// The first date that is to come; nil where there is none.
    public func nextDate(
        of dates: [(journey: String, date: ContactDate)], otherwise home: LocalZone
    ) -> Timestamp? {
        let zone = LocalZone(of: contact, otherwise: home)
        return dates.compactMap { $0.date.first(after: now, of: contact, in: zone)?.at }.min()
            .map { max($0, now + Span(microseconds: 1)) }
    }
}
