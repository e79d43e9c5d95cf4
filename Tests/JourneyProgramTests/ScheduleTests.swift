import JourneyProgram
import Model
import Testing

struct ScheduleTests {
    private let amsterdam = LocalZone("Europe/Amsterdam")!

    private func at(_ text: String) -> Timestamp { Timestamp(iso8601: text)! }

    private func next(_ days: Schedule.Days, _ minute: Int, after time: String) -> String? {
        Schedule(days, minuteOfDay: minute).first(after: at(time), in: amsterdam)
            .map { "\($0) \($0.instant(in: amsterdam))" }
    }

    @Test func aSingleTimeComesOnce() {
        let once = Schedule(.once(CalendarDate("2026-03-02")!), minuteOfDay: 540)
        #expect(once.first(notBefore: at("2026-03-02T08:00:00Z"), in: amsterdam)?.description == "2026-03-02T09:00")
        #expect(once.first(after: at("2026-03-02T08:00:00Z"), in: amsterdam) == nil)
    }

    @Test func daysOfWeeksAndMonths() {
        #expect(next(.daily, 540, after: "2026-03-02T08:00:00Z") == "2026-03-03T09:00 2026-03-03T08:00:00Z")
        #expect(next(.weekly([.monday]), 540, after: "2026-03-02T08:00:00Z") == "2026-03-09T09:00 2026-03-09T08:00:00Z")
        #expect(
            next(.weekly([.monday, .thursday]), 540, after: "2026-03-02T08:00:00Z")
                == "2026-03-05T09:00 2026-03-05T08:00:00Z")
        #expect(next(.monthly(31), 0, after: "2026-02-01T00:00:00Z") == "2026-02-28T00:00 2026-02-27T23:00:00Z")
        #expect(next(.monthly(30), 0, after: "2028-02-01T00:00:00Z") == "2028-02-29T00:00 2028-02-28T23:00:00Z")
        #expect(next(.monthly(1), 540, after: "2026-03-01T08:00:00Z") == "2026-04-01T09:00 2026-04-01T07:00:00Z")
    }

    /// Amsterdam's clocks skip 02:00–03:00 on 29 March 2026, and show it twice on 25 October.
    @Test func timesThatClocksSkipOrShowTwice() {
        #expect(next(.daily, 150, after: "2026-03-28T12:00:00Z") == "2026-03-29T02:30 2026-03-29T01:00:00Z")
        #expect(next(.daily, 150, after: "2026-03-29T01:00:00Z") == "2026-03-30T02:30 2026-03-30T00:30:00Z")
        #expect(next(.daily, 150, after: "2026-10-24T12:00:00Z") == "2026-10-25T02:30 2026-10-25T00:30:00Z")
        #expect(next(.daily, 150, after: "2026-10-25T00:30:00Z") == "2026-10-26T02:30 2026-10-26T01:30:00Z")
    }

    @Test func byTheContactsClocksItBeginsWhereItIsFirst() throws {
        let local = Schedule(.once(CalendarDate("2026-03-02")!), minuteOfDay: 540, isLocal: true)
        let only = try #require(local.first(notBefore: at("2026-03-01T19:00:00Z"), in: amsterdam))
        #expect(local.opening(of: only, in: amsterdam) == at("2026-03-01T19:00:00Z"))
        #expect(local.closing(of: only, in: amsterdam) == at("2026-03-02T21:00:00Z"))
        #expect(only.instant(in: LocalZone("Pacific/Kiritimati")!) == at("2026-03-01T19:00:00Z"))
        #expect(only.instant(in: LocalZone("America/New_York")!) == at("2026-03-02T14:00:00Z"))
        #expect(local.first(after: at("2026-03-01T19:00:00Z"), in: amsterdam) == nil)
    }

    @Test func aThrottleSpreadsEvenly() {
        #expect(Broadcast.Throttle(runs: 5000, per: .hours(1)).interval == Span(microseconds: 720_000))
        let late = Broadcast.Late(after: .hours(6))
        #expect(!late.isOver(at("2026-03-02T08:00:00Z"), now: at("2026-03-02T14:00:00Z")))
        #expect(late.isOver(at("2026-03-02T08:00:00Z"), now: at("2026-03-02T14:00:01Z")))
    }

    /// Every zone of the database, days around its changes of the years 1990–2040 and others drawn: what comes next is
    /// what a walk over all days of the calendar finds, no day is left out and none comes twice.
    @Test func occurrencesOverTheTimeZoneDatabase() {
        var dice = Dice(seed: 18)
        for place in dice.placesInTime() {
            check(Schedule(.daily, minuteOfDay: place.minute), around: place.instant, in: place.zone)
        }
    }

    private func check(_ schedule: Schedule, around instant: Timestamp, in zone: LocalZone) {
        var time = instant - .days(2)
        var last: Schedule.Occurrence?
        for _ in 0..<4 {
            guard let next = schedule.first(after: time, in: zone) else {
                Issue.record("nothing after \(time) in \(zone.name)")
                return
            }
            let at = next.instant(in: zone)
            #expect(at > time)
            let shown = at.microseconds / 1_000_000 + zone.offset(at: at)
            let wanted = next.date.daysSince1970 * 86_400 + Int64(next.minuteOfDay) * 60
            // Shown by the clocks, for the first time; or skipped by them, and so right behind the gap.
            let before = Timestamp(seconds: at.microseconds / 1_000_000 - 1)
            let shownBefore = before.microseconds / 1_000_000 + zone.offset(at: before)
            #expect(shown == wanted || shownBefore < wanted && wanted < shown, "\(next) in \(zone.name)")
            if let last { #expect(next.date.daysSince1970 == last.date.daysSince1970 + 1, "\(next) in \(zone.name)") }
            #expect(schedule.first(notBefore: at, in: zone) == next)
            (time, last) = (at, next)
        }
    }
}
