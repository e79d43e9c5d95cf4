import JourneyProgram
@testable import Journeys
import Model
import Postgres
import Store
import TestSupport
import Testing

/// When broadcasts go out: throttled, paused, late, again and again, by the contacts' own clocks.
@Suite struct BroadcastTimeTests {
    private static let once = "{schedule: 2026-03-02T12:00, segment: readers}"

    @Test func aThrottleIsKeptByAllSchedulersTogether() async throws {
        let entry = "{schedule: 2026-03-02T12:00, segment: readers, throttle: {per_minute: 60}}"
        try await Newsroom.with(entry) { news in
            try await news.join((0..<12).map { "reader-\($0)" })
            let other = try await news.bench.scheduler()
            try await news.step(to: Newsroom.noon)
            for (seconds, expected) in [(0, 1), (1, 2), (2, 3), (5, 5), (605, 7), (606, 8)] as [(Int64, Int)] {
                try await news.step(to: Newsroom.noon + .seconds(seconds))
                try await news.walk(other)
                try await news.walk()
                #expect(try await news.entered() == expected, "after \(seconds) s")
            }
            let next = try await news.bench.database.pool.withTransaction { session in
                try Quiet.nextDue(after: try DomainClock.read(in: session), in: session)
            }
            #expect(next == Newsroom.noon + .seconds(607))
        }
    }

    @Test func itStandsStillWhilePausedAndEndsWhenStopped() async throws {
        try await Newsroom.with(Self.once) { news in
            let workspace = news.bench.workspace
            try await news.join((0..<9).map { "reader-\($0)" })
            try await news.step(to: Newsroom.noon)
            try await news.bench.journeys.openBroadcasts()
            #expect(try await news.bench.journeys.walkBroadcast(limit: 4) == 4)
            let set = { (instant: Timestamp?) in
                try await news.bench.database.pool.withTransaction { session in
                    try Pauses.set("news", to: instant, in: workspace, session: session)
                }
            }
            try await set(Newsroom.noon)
            #expect(try await news.bench.journeys.walkBroadcast(limit: 4) == 0)
            #expect(
                try await news.bench.database.pool.withTransaction { try Quiet.unrest(at: Newsroom.noon, in: $0) }
                    .broadcasts == 0)
            try await set(nil)
            #expect(try await news.bench.journeys.walkBroadcast(limit: 2) == 2)
            try await news.bench.change("update journeys set live_version = null where journey = 'news'")
            try await news.walk()
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 stopped 6 walked 6 entered 0 skipped"])
            try await news.apply(Self.once)
            try await news.walk()
            #expect(try await news.entered() == 6)
        }
    }

    /// Members whom a slow throttle let wait get it as soon as a faster one says.
    @Test func aThrottleThatIsRelaxedIsKeptAtOnce() async throws {
        let entry = { (throttle: String) in "{schedule: 2026-03-02T12:00, segment: readers, throttle: {\(throttle)}}" }
        try await Newsroom.with(entry("per_day: 1")) { news in
            try await news.join((0..<5).map { "reader-\($0)" })
            try await news.step(to: Newsroom.noon)
            try await news.walk()
            try await news.bench.journeys.relaxTurns()
            try await news.step(to: Newsroom.noon + .hours(1))
            try await news.walk()
            #expect(try await news.entered() == 1)
            try await news.apply(entry("per_hour: 60"))
            for (minute, expected) in [(0, 1), (1, 2), (2, 3)] as [(Int64, Int)] {
                try await news.step(to: Newsroom.noon + .hours(1) + .minutes(minute))
                try await news.bench.journeys.relaxTurns()
                try await news.walk()
                #expect(try await news.entered() == expected, "after \(minute) minutes")
            }
            try await news.apply("{schedule: 2026-03-02T12:00, segment: readers}")
            try await news.bench.journeys.relaxTurns()
            try await news.walk()
            #expect(try await news.entered() == 5)
        }
    }

    /// With the contacts' own clocks all enter at once, and each begins at its time or later, no more than the throttle says.
    @Test func byTheContactsOwnClocksAThrottleIsKeptFromTheirTimeOn() async throws {
        let entry = "{schedule: 2026-03-03T09:00, segment: readers, local: true, throttle: {per_hour: 60}}"
        try await Newsroom.with(entry) { news in
            try await news.join(["kiri-1", "kiri-2"], zone: "Pacific/Kiritimati")
            try await news.join(["anne", "bob", "carl"])
            let opening = Timestamp(iso8601: "2026-03-02T19:00:00Z")!
            try await news.step(to: opening)
            try await news.walk()
            #expect(try await news.entered() == 5)
            let nine = Timestamp(iso8601: "2026-03-03T09:00:00Z")!
            let begun = {
                try await news.bench.journeys.takeTurns()
                return Int(try await news.bench.texts("select count(*)::text from messages")[0]) ?? -1
            }
            for (time, expected) in [
                (opening, 1), (opening + .seconds(59), 1), (opening + .minutes(1), 2), (nine - .seconds(1), 2),
                (nine, 3),
                (nine + .seconds(59), 3), (nine + .minutes(1), 4), (nine + .minutes(2), 5),
            ] {
                try await news.bench.advance(to: time)
                #expect(try await begun() == expected, "at \(time)")
                let unrest = try await news.bench.database.pool.withTransaction { try Quiet.unrest(at: time, in: $0) }
                #expect(unrest.broadcasts == 0, "at \(time)")
                let next = try await news.bench.database.pool.withTransaction { try Quiet.nextDue(after: time, in: $0) }
                if expected == 2 { #expect(next == nine, "at \(time)") }
            }
            let choices = try await news.bench.texts(
                "select saw ->> 'since' from decisions where choice = 'its turn came' order by at")
            #expect(choices == [opening, nine, nine].map(\.description), "\(choices)")
        }
    }

    /// Of several times that were missed the last goes out, unless that is too late as well.
    @Test func afterAnOutageTheLastTimeGoesOut() async throws {
        let entry = "{schedule: {every: day, at: \"12:00\"}, segment: readers, late: {after: 2h}}"
        try await Newsroom.with(entry) { news in
            try await news.join(["anne"])
            try await news.step(to: Newsroom.noon + .days(2) + .hours(1))
            try await news.walk()
            #expect(
                try await news.broadcasts() == [
                    "2026-03-02T12:00 missed 0 walked 0 entered 0 skipped",
                    "2026-03-03T12:00 missed 0 walked 0 entered 0 skipped",
                    "2026-03-04T12:00 done 1 walked 1 entered 0 skipped",
                ])
            try await news.step(to: Newsroom.noon + .days(3) + .hours(3))
            try await news.walk()
            #expect(try await news.broadcasts().last == "2026-03-05T12:00 missed 0 walked 0 entered 0 skipped")
            try await news.step(to: Newsroom.noon + .days(4))
            try await news.walk()
            #expect(try await news.broadcasts().last == "2026-03-06T12:00 done 1 walked 1 entered 0 skipped")
            #expect(try await news.entered() == 2)
        }
    }

    /// What was waited for is sent by the version that is live when it comes, also when that was applied after its time.
    @Test func aNewVersionTakesOverWhatIsWaitedFor() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join(["anne"])
            try await news.step(to: Newsroom.noon + .hours(1))
            try await news.apply(Self.once, "[{email: offer, step: news-2}]")
            try await news.walk()
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 1 walked 1 entered 0 skipped"])
            #expect(try await news.bench.messages() == ["news news-2 planned"])
            // A time that has been is not made up for.
            try await news.apply("{schedule: 2026-03-02T12:30, segment: readers}")
            try await news.walk()
            #expect(try await news.broadcasts().count == 1)
        }
    }

    @Test func theContactsOwnClocksDecide() async throws {
        let entry = "{schedule: 2026-03-03T09:00, segment: readers, local: true, late: {after: 1h}}"
        try await Newsroom.with(entry) { news in
            try await news.join(["kiri"], zone: "Pacific/Kiritimati")
            try await news.join(["anne"])
            try await news.join(["york"], zone: "America/New_York")
            let opening = Timestamp(iso8601: "2026-03-02T19:00:00Z")!
            try await news.step(to: opening - .seconds(1))
            try await news.walk()
            #expect(try await news.entered() == 0)
            try await news.step(to: opening + .minutes(30))
            try await news.walk()
            #expect(try await news.entered() == 3)
            #expect(try await news.bench.texts("select count(*)::text from messages") == ["1"])
            try await news.join(["bob"])
            try await news.bench.advance(to: Timestamp(iso8601: "2026-03-03T09:00:00Z")!)
            #expect(try await news.bench.texts("select count(*)::text from messages") == ["2"])
            try await news.bench.advance(to: Timestamp(iso8601: "2026-03-03T13:59:59Z")!)
            #expect(try await news.bench.texts("select count(*)::text from messages") == ["2"])
            try await news.bench.advance(to: Timestamp(iso8601: "2026-03-03T14:00:00Z")!)
            #expect(try await news.bench.texts("select count(*)::text from messages") == ["3"])
        }
    }

    /// Begun late, it goes to those whose own time has not passed by too long; of the others that is on record.
    @Test func byTheContactsOwnClocksEachIsLateByItself() async throws {
        let entry = "{schedule: 2026-03-03T09:00, segment: readers, local: true, late: {after: 1h}}"
        try await Newsroom.with(entry) { news in
            try await news.join(["kiri"], zone: "Pacific/Kiritimati")
            try await news.join(["anne"])
            try await news.join(["york"], zone: "America/New_York")
            try await news.step(to: Timestamp(iso8601: "2026-03-03T09:30:00Z")!)
            try await news.walk()
            #expect(try await news.broadcasts() == ["2026-03-03T09:00 done 3 walked 2 entered 1 skipped"])
            let said: Query =
                "select concat(saw ->> 'why', ' ', saw ->> 'due') from decisions where choice = 'passed over'"
            #expect(try await news.bench.texts(said) == ["too late 2026-03-02T19:00:00Z"])
            #expect(try await news.bench.texts("select count(*)::text from messages") == ["1"])
        }
    }

    /// Schedulers wait for the definitions to have reached everybody, and for contacts whom time may have moved.
    @Test func theSegmentIsRightBeforeItIsWalked() async throws {
        try await Newsroom.with(Self.once) { news in
            try await news.join(["anne"])
            try await news.bench.change("update backfills set ended_at = null")
            try await news.step(to: Newsroom.noon)
            try await news.walk()
            #expect(try await news.broadcasts() == [])
            try await news.bench.change("update backfills set ended_at = \(Newsroom.noon)")
            let anne = news.bench.contact("anne")
            try await news.bench.database.pool.withTransaction { try Wakes.arm([anne: Newsroom.noon], in: $0) }
            try await news.walk()
            #expect(try await news.broadcasts() == [])
            try await news.bench.database.pool.withTransaction { try Wakes.set([anne: nil], in: $0) }
            try await news.walk()
            #expect(try await news.entered() == 1)
        }
    }
}
