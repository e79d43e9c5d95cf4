import Model
import SendGate
import Testing

/// Quiet hours by the clocks of where the contact is.
@Suite struct QuietHoursTests {
    private static let amsterdam = LocalZone("Europe/Amsterdam")!
    private static let night = QuietHours([.init(from: 21 * 60, until: 8 * 60)])

    private func time(_ text: String) -> Timestamp { Timestamp(iso8601: text)! }

    @Test func theNightIsQuietOnBothSidesOfMidnight() {
        for (at, end) in [
            ("2026-03-10T20:00:00Z", "2026-03-11T07:00:00Z"), ("2026-03-10T23:30:00Z", "2026-03-11T07:00:00Z"),
            ("2026-03-11T06:59:59Z", "2026-03-11T07:00:00Z"),
        ] { #expect(Self.night.end(at: time(at), in: Self.amsterdam) == time(end)) }
        for at in ["2026-03-10T19:59:59Z", "2026-03-11T07:00:00Z"] {
            #expect(Self.night.end(at: time(at), in: Self.amsterdam) == nil)
        }
        let start = Self.night.start(after: time("2026-03-11T07:00:00Z"), in: Self.amsterdam)
        #expect(start == time("2026-03-11T20:00:00Z"))
    }

    @Test func clocksThatAreSetForwardOrBackMakeTheNightShorterOrLonger() {
        let spring = time("2026-03-28T20:00:00Z")
        #expect(Self.night.end(at: spring, in: Self.amsterdam) == time("2026-03-29T06:00:00Z"))
        let autumn = time("2026-10-24T19:00:00Z")
        #expect(Self.night.end(at: autumn, in: Self.amsterdam) == time("2026-10-25T07:00:00Z"))
    }

    @Test func wholeDaysFollowOnNightsAndEndTogether() {
        let weekend = QuietHours(
            Self.night.periods + [.init(from: 0, until: 1_440, days: [.saturday, .sunday])])
        // From Friday evening until Monday morning.
        #expect(weekend.end(at: time("2026-03-13T22:00:00Z"), in: .utc) == time("2026-03-16T08:00:00Z"))
        #expect(weekend.start(after: time("2026-03-16T08:00:00Z"), in: .utc) == time("2026-03-16T21:00:00Z"))
    }

    /// Hour by hour against what the clock on the wall says, over the days on which clocks are set.
    @Test(arguments: ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "UTC"])
    func theyAgreeWithTheClockOnTheWall(_ name: String) {
        let zone = LocalZone(name)!
        var seed: UInt64 = 7
        func below(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % limit
        }
        for _ in 0..<40 {
            // No clock is set between 04:00 and midnight.
            let periods = (0...below(2)).map { _ in
                let (from, length) = (4 * 60 + below(20) * 60, 60 + below(8) * 60)
                let until = (from + length) % 1_440
                return QuietHours.Period(
                    from: from, until: until < 240 ? 240 : until,
                    days: Set(Weekday.allCases.filter { _ in below(3) > 0 } + [.monday]))
            }
            let quiet = QuietHours(periods)
            let start = time(["2026-03-05T00:00:00Z", "2026-10-01T00:00:00Z", "2026-03-28T12:00:00Z"][below(3)])
            let hours = (0..<(24 * 14)).map { start + .minutes(Int64($0) * 30) }
            let isQuiet = hours.map { Self.isQuiet($0, periods, zone) }
            for (place, hour) in hours.enumerated().prefix(24 * 10) {
                let end = quiet.end(at: hour, in: zone)
                #expect((end != nil) == isQuiet[place], "\(hour) \(periods)")
                let change = hours.indices.first { $0 > place && isQuiet[$0] != isQuiet[place] }
                guard let change else { continue }
                if isQuiet[place] {
                    #expect(end == hours[change], "\(hour) \(periods)")
                } else {
                    #expect(quiet.start(after: hour, in: zone) == hours[change], "\(hour) \(periods)")
                }
            }
        }
    }

    private static func isQuiet(_ time: Timestamp, _ periods: [QuietHours.Period], _ zone: LocalZone) -> Bool {
        let local = time.microseconds / 1_000_000 + zone.offset(at: time)
        let (day, minute) = (local / 86_400, Int(local % 86_400) / 60)
        return periods.contains { period in
            let (today, yesterday) = (Weekday(ofDay: day), Weekday(ofDay: day - 1))
            if period.from < period.until {
                return period.days.contains(today) && period.from <= minute && minute < period.until
            }
            return period.days.contains(today) && minute >= period.from
                || period.days.contains(yesterday) && minute < period.until
        }
    }
}
