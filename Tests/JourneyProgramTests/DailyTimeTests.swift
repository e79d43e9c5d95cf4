import JourneyProgram
import Model
import Testing

struct DailyTimeTests {
    private let amsterdam = LocalZone("Europe/Amsterdam")!

    /// Instants of Amsterdam around the changes of 2026: 29 March 02:00 → 03:00, 25 October 03:00 → 02:00.
    @Test(arguments: [
        ("09:00", "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z"),
        ("09:00", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        ("09:00", "2026-03-02T08:00:00.000001Z", "2026-03-03T08:00:00Z"),
        ("09:00", "2026-07-01T09:00:00Z", "2026-07-02T07:00:00Z"),
        ("02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
        ("02:00", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
        ("03:00", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
        ("01:59", "2026-03-28T12:00:00Z", "2026-03-29T00:59:00Z"),
        ("02:30", "2026-03-29T01:00:00.000001Z", "2026-03-30T00:30:00Z"),
        ("02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("02:30", "2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z"),
        ("03:00", "2026-10-24T12:00:00Z", "2026-10-25T02:00:00Z"),
        ("00:00", "2026-03-28T12:00:00Z", "2026-03-28T23:00:00Z"),
        ("23:59", "2026-12-31T22:58:00Z", "2026-12-31T22:59:00Z"),
    ])
    func theNextTimeOfDayInAmsterdam(time: String, after: String, expected: String) throws {
        let daily = try #require(DailyTime(time))
        #expect(daily.first(notBefore: Timestamp(iso8601: after)!, in: amsterdam).description == expected)
    }

    @Test func workdaysSkipTheWeekend() throws {
        let daily = try #require(DailyTime("09:00", days: DailyTime.workdays))
        let friday = Timestamp(iso8601: "2026-03-06T10:00:00Z")!
        #expect(daily.first(notBefore: friday, in: amsterdam).description == "2026-03-09T08:00:00Z")
        let tuesdays = try #require(DailyTime("09:00", days: [.tuesday]))
        let tuesday = Timestamp(iso8601: "2026-03-03T08:00:00Z")!
        #expect(tuesdays.first(notBefore: tuesday, in: amsterdam) == tuesday)
        let after = tuesdays.first(notBefore: tuesday + Span(microseconds: 1), in: amsterdam)
        #expect(after.description == "2026-03-10T08:00:00Z")
    }

    /// Every zone of the database, days around its changes of the years 1990–2040 and others drawn: what comes next comes
    /// within a day, at the wall clock's time or, where a change leaves that out, at the end of the gap.
    @Test func everyZoneGivesTheWallClockOrTheEndOfAGap() throws {
        var dice = Dice(seed: 5)
        for (zone, instant, minute) in dice.placesInTime() {
            let daily = try #require(DailyTime(hour: minute / 60, minute: minute % 60))
            for hours in stride(from: -30, through: 30, by: 5) {
                let time = instant + .hours(Int64(hours))
                let next = daily.first(notBefore: time, in: zone)
                let (here, before) = (zone.offset(at: next), zone.offset(at: next - .seconds(1)))
                let wall = (next.microseconds / 1_000_000 + here).flooredDivision(by: 86_400).remainder
                #expect(next >= time && next - time <= .hours(26), "\(zone.name) \(minute) from \(time)")
                #expect(wall == Int64(minute) * 60 || here != before, "\(zone.name) \(minute) from \(time)")
            }
        }
    }

    @Test func onlyZonesOfTheDatabaseAreTaken() {
        #expect(LocalZone("UTC") != nil && LocalZone("America/Argentina/Buenos_Aires") != nil)
        for name in ["", "CET+1", "GMT+0200", "Europe/Atlantis", "Europe", "/", "../etc/passwd", "PST"] {
            #expect(LocalZone(name) == nil, "\(name)")
        }
    }

    @Test func onlyTimesOfDayAreRead() {
        #expect(DailyTime("00:00") != nil && DailyTime("23:59") != nil)
        for text in ["24:00", "9:00", "09:60", "0900", "09:00:00", "", "ab:cd", "-1:00", "+9:00", "09:00", "٠٩:٠٠"] {
            #expect((DailyTime(text) == nil) == (text != "09:00"), "\(text)")
        }
        #expect(DailyTime("09:00", days: []) == nil)
        #expect(DailyTime("09:00", spread: .hours(12)) != nil && DailyTime("09:00", spread: .hours(13)) == nil)
    }

    @Test func aWaitIsInTheContactsOwnZone() throws {
        let steps: [Step] = [.waitUntil(DailyTime("09:00")!), .email(name: "a", template: "a")]
        for (attribute, offset) in [("America/New_York", "5h"), ("nonsense", "23h"), ("", "23h")] {
            var play = Play(
                try journey(steps), start: "2026-03-02T09:00:00Z", contact: .object(["timezone": .string(attribute)]))
            play.zone = amsterdam
            #expect(try play.run([("0s", "Start")]).first == "\(offset) a")
        }
    }

    @Test func whoWaitsForOneTimeIsSpreadBehindIt() throws {
        let steps: [Step] = [
            .waitUntil(DailyTime("09:00", spread: .minutes(30))!), .email(name: "a", template: "a"),
            .waitUntil(DailyTime("09:00", spread: .minutes(30))!), .email(name: "b", template: "b"),
        ]
        let journey = try journey(steps)
        let nine = Timestamp(iso8601: "2026-03-03T09:00:00Z")!
        var lags: [Span] = []
        for number in 0..<300 {
            let (play, again) = (try played(journey, by: number), try played(journey, by: number))
            #expect(play.told == again.told, "the same contact, the same moment")
            try #require(play.sends.count == 2)
            // The next morning's, at another place of the spread.
            let (first, second) = (play.sends[0] - nine, play.sends[1] - (nine + .days(1)))
            #expect([first, second].allSatisfy { (Span.zero..<Span.minutes(30)).contains($0) } && first != second)
            lags.append(first)
        }
        let halves = lags.count { $0 < .minutes(15) }
        #expect((100...200).contains(halves) && Set(lags).count > 290)
    }

    private func played(_ journey: Journey, by number: Int) throws -> Play {
        var play = Play(journey, start: "2026-03-02T09:00:01Z")
        play.contactID = UniqueID.derived("test", "\(number)")
        _ = try play.run([("0s", "Start")])
        return play
    }
}
