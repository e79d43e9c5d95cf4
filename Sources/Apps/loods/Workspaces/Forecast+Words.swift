import JourneyProgram
import Model
import Store

extension Forecast.Counts {
    private static let stepLimit = 6

    /// Where its runs stand, a line for each version: `1,204 contacts stay on version 4: 318 at wait 2, …`.
    ///
    /// - Parameter version: the version that takes entries from now on; nil where none does.
    func inFlight(besides version: Int32?) -> [String] {
        versions.filter { $0.version != version }.map { held, runs, steps in
            let shown = steps.prefix(Self.stepLimit).map { "\($0.runs.grouped) at \($0.step)" }
            let rest = steps.dropFirst(Self.stepLimit).reduce(0) { $0 + $1.runs }
            let list = (shown + (rest > 0 ? ["\(rest.grouped) elsewhere"] : [])).joined(separator: ", ")
            return "\(runs.counted("contact")) \(runs == 1 ? "stays" : "stay") on version \(held): \(list)"
        }
    }

    /// `about 41 a day (last 14 days)`.
    var entryRate: String? {
        guard recentEntries > 0 else { return nil }
        let perDay = (Double(recentEntries) / Double(Forecast.entryDays)).rounded()
        let rate = perDay >= 1 ? "about \(Int64(perDay).grouped) a day" : "fewer than one a day"
        return "\(rate) (\(recentEntries.grouped) in the last \(Forecast.entryDays) days)"
    }

    /// `200 in 1h at most; the others wait for their turn`, with a word where more have come of late than that.
    func words(of throttle: Broadcast.Throttle) -> String {
        let isShort = throttle.most(within: .days(Forecast.entryDays)) < recentEntries
        return "\(throttle.runs.grouped) in \(throttle.per) at most; the others wait for their turn"
            + (isShort ? ", and more have come of late than that: the queue would grow" : "")
    }

    /// `1,000 entries in 1d at most; others are turned away`, with a word where more have come of late than that.
    func words(of cap: EntryCap) -> String {
        let most = "\(cap.atMost.counted("entry", "entries")) in \(cap.within?.description ?? "all") at most"
        let days = Span.days(Forecast.entryDays)
        let periods = cap.within.map { max(1, days.microseconds / $0.microseconds + 1) } ?? 1
        let (room, overflows) = cap.atMost.multipliedReportingOverflow(by: periods)
        let isShort = !overflows && room < recentEntries
        let soFar = cap.within == nil && entered > 0 ? ", \(entered.grouped) so far" : ""
        return "\(most)\(soFar); others are turned away"
            + (isShort ? ", and more have come of late than that" : "")
    }

    /// `about 37 pixel-why, up to 22 pixel-how, 3 that are planned already`; nil for nothing at all.
    var nextDay: String? {
        var parts = mails.filter { $0.certain > 0 }.map { "about \($0.certain.grouped) \($0.step)" }
        parts += mails.filter { $0.possible > 0 }.map { "up to \($0.possible.grouped) \($0.step)" }
        if planned > 0 { parts.append("\(planned.grouped) that \(planned == 1 ? "is" : "are") planned already") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    var json: JSON {
        .object([
            "in_flight": .array(standings.map(\.json)),
            "entering": entering.map { .int($0) } ?? .null,
            "entered_in_14_days": .int(recentEntries), "entered": .int(entered),
            "next_24_hours": .object([
                "mails": .array(
                    mails.map { mail in
                        .object([
                            "step": .string(mail.step), "certain": .int(mail.certain), "possible": .int(mail.possible),
                        ])
                    }),
                "planned": .int(planned),
            ]),
        ])
    }
}

extension JourneyCensus.Standing {
    fileprivate var json: JSON {
        .object([
            "version": .int(Int64(version)), "step": .string(step), "visit": .int(Int64(visit)),
            "phase": .string(phase), "runs": .int(runs), "due_in_24_hours": .int(due), "held": .int(held),
        ])
    }
}
