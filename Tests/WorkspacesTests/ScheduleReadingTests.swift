import JourneyProgram
import Model
import Testing
import Workspaces

/// Broadcasts as files write them, and what is wrong with those that cannot be read.
struct ScheduleReadingTests {
    private func load(_ entry: String) -> Workspace.Loaded {
        Shop.load([
            "segments/readers.yaml": "segment: readers\nwhen: did(\"Page Viewed\")",
            "journeys/news.yaml": "journey: news\nenter: \(entry)\nsteps: [{email: offer}]",
        ])
    }

    private func broadcast(_ entry: String) throws -> Broadcast {
        let loaded = load(entry)
        let journey = try #require(loaded.workspace?.journey(named: "news"), "\(loaded.findings)")
        return try #require(journey.journey.broadcast)
    }

    @Test func onceAndRepeatedly() throws {
        let once = try broadcast("{schedule: 2026-03-02T09:00, segment: readers}")
        let day = try #require(CalendarDate("2026-03-02"))
        #expect(once == Broadcast(Schedule(.once(day), minuteOfDay: 540), to: "readers"))
        #expect(once.late == Broadcast.Late(after: .hours(6), then: .skip))
        let weekly = try broadcast(
            """
            {schedule: {every: week, on: [mon, thursday], at: "08:30"}, segment: readers, throttle: {per_hour: 5000}, \
            late: {after: 1d, then: send}}
            """)
        #expect(weekly.schedule == Schedule(.weekly([.monday, .thursday]), minuteOfDay: 510))
        #expect(weekly.throttle == Broadcast.Throttle(runs: 5000, per: .hours(1)))
        #expect(weekly.late == Broadcast.Late(after: .days(1), then: .send))
        let monthly = try broadcast(
            "{schedule: {every: month, on: last, at: \"08:30\"}, segment: readers, local: true}")
        #expect(monthly.schedule == Schedule(.monthly(31), minuteOfDay: 510, isLocal: true))
        #expect(
            try broadcast("{schedule: {every: week, on: workdays, at: \"09:00\"}, segment: readers}").schedule
                == Schedule(.weekly(DailyTime.workdays), minuteOfDay: 540))
        #expect(try broadcast("{schedule: {every: day, at: \"09:00\"}, segment: readers}").schedule.days == .daily)
        let paced = try broadcast(
            "{schedule: 2026-03-02T09:00, segment: readers, local: true, throttle: {per_hour: 100}}")
        #expect(paced.schedule.isLocal && paced.throttle == Broadcast.Throttle(runs: 100, per: .hours(1)))
    }

    @Test func capsOfEntries() throws {
        func caps(_ entry: String) throws -> [EntryCap] {
            let loaded = load(entry)
            return try #require(loaded.workspace?.journey(named: "news"), "\(loaded.findings)").journey.entry.caps
        }
        #expect(try caps("{event: Page Viewed}") == [])
        #expect(
            try caps("{event: Page Viewed, cap: {at_most: 1000, within: 1d}}")
                == [EntryCap(atMost: 1000, within: .days(1))])
        #expect(
            try caps("{schedule: 2026-03-02T09:00, segment: readers, cap: [{at_most: 9, within: 1h}, {at_most: 50}]}")
                == [EntryCap(atMost: 9, within: .hours(1)), EntryCap(atMost: 50)])
        #expect(
            try caps("{segment: readers, again: per-entry, throttle: {per_hour: 5}, cap: {at_most: 50}}")
                == [EntryCap(atMost: 50)])
    }

    @Test(arguments: [
        ("{schedule: 2026-02-30T09:00, segment: readers}", "2:19", "there is no such date or time as 2026-02-30T09:00"),
        ("{schedule: 2026-03-02T25:00, segment: readers}", "2:19", "there is no such date or time"),
        ("{schedule: tomorrow, segment: readers}", "2:19", "\"schedule\" must be a date and a time, or days"),
        ("{schedule: 2026-03-02T09:00}", "2:8", "an entry has no \"segment\""),
        ("{schedule: 2026-03-02T09:00, segment: reader}", "2:46", "unknown segment \"reader\""),
        ("{schedule: {every: year, at: \"09:00\"}, segment: readers}", "2:27", "unknown rhythm \"year\""),
        ("{schedule: {every: week, at: \"09:00\"}, segment: readers}", "2:19", "a schedule has no \"on\""),
        (
            "{schedule: {every: week, on: moonday, at: \"09:00\"}, segment: readers}", "2:37",
            "\"on\" is workdays or a list of days"
        ),
        ("{schedule: {every: month, on: 32, at: \"09:00\"}, segment: readers}", "2:38", "from 1 to 31"),
        ("{schedule: {every: day, on: monday, at: \"09:00\"}, segment: readers}", "2:36", "every day has no \"on\""),
        ("{schedule: {every: day, at: 9}, segment: readers}", "2:36", "\"at\" must be a time of day"),
        ("{schedule: 2026-03-02T09:00, segment: readers, throttle: {per_week: 1}}", "2:66", "unknown key \"per_week\""),
        ("{schedule: 2026-03-02T09:00, segment: readers, throttle: {per_hour: 0}}", "2:76", "a whole number from 1"),
        ("{event: Page Viewed, cap: 5}", "2:34", "\"cap\" must be a mapping"),
        ("{event: Page Viewed, cap: []}", "2:34", "a list of 1 to 5"),
        ("{event: Page Viewed, cap: {within: 1d}}", "2:34", "\"cap\" has no \"at_most\""),
        ("{event: Page Viewed, cap: {at_most: 0}}", "2:44", "a whole number from 1"),
        ("{event: Page Viewed, cap: {at_most: 1, in: 1d}}", "2:47", "unknown key \"in\""),
        ("{event: Page Viewed, cap: {at_most: 1, within: 400d}}", "2:55", "looks back 366d at most"),
        (
            "{event: Page Viewed, cap: [{at_most: 5, within: 1d}, {at_most: 5}]}", "2:35",
            "the cap of 5 in 1d is never full: at most 5 in all enter"
        ),
        (
            "{event: Page Viewed, cap: [{at_most: 5, within: 1d}, {at_most: 6, within: 24h}]}", "2:35",
            "several caps over the same time"
        ),
        ("{schedule: 2026-03-02T09:00, segment: readers, late: {after: 1h, then: cry}}", "2:79", "unknown consequence"),
        ("{schedule: 2026-03-02T09:00, segment: readers, event: X}", "2:62", "an entry by schedule has no \"event\""),
        ("{event: Page Viewed, throttle: {per_week: 1}}", "2:40", "unknown key \"per_week\""),
        ("{event: Page Viewed, late: {after: 1h}}", "2:35", "without a schedule or a throttle has no \"late\""),
        ("{event: Page Viewed, local: true}", "2:36", "an entry without a schedule has no \"local\""),
    ])
    func faultsAreToldWithTheirPlace(entry: String, place: String, message: String) {
        let findings = load(entry).findings.map(\.description)
        #expect(
            findings.contains { $0.hasPrefix("journeys/news.yaml:\(place)  ") && $0.contains(message) }, "\(findings)")
    }

    @Test func aTimeThatHasBeenIsAWarning() {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: did(\"Page Viewed\")"
        let warnings = { (entry: String, today: String) in
            files["journeys/news.yaml"] = "journey: news\nenter: \(entry)\nsteps: [{email: offer}]"
            return Workspace.review(files: files, today: Timestamp(iso8601: today)!).filter { $0.code == .past }
        }
        let entry = "{schedule: 2026-03-02T09:00, segment: readers}"
        #expect(warnings(entry, "2026-03-02T07:59:00Z").isEmpty)
        let found = warnings(entry, "2026-03-02T08:01:00Z")
        #expect(found.map(\.line) == [2] && found.map(\.column) == [19] && found.first?.severity == .warning)
        let local = "{schedule: 2026-03-02T09:00, segment: readers, local: true}"
        // By local time it begins fourteen hours ahead of UTC, and only a broadcast that has not begun is waited for.
        #expect(warnings(local, "2026-03-01T18:59:00Z").isEmpty)
        #expect(warnings(local, "2026-03-01T19:01:00Z").first?.message.contains("has begun in the east") == true)
        #expect(warnings(local, "2026-03-02T20:59:00Z").count == 1)
        #expect(warnings(local, "2026-03-02T21:01:00Z").first?.message.contains("has been") == true)
    }
}
