@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Triggered journeys that let few runs begin at once.
@Suite struct TurnTests {
    /// One a minute; the goal counts while a run waits.
    private static func files(_ entry: String) -> [String: String] {
        var files = Shop.files
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: \(entry)
            goal: {when: 'run.did("Tour Cancelled")'}
            steps: [{email: thanks, step: tour}]
            """
        return files
    }

    private static let entry = "{event: Tour Asked, throttle: {per_hour: 60}}"

    private static func with(_ entry: String = entry, _ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await Bench.apply(files(entry), to: bench.database)
            try await body(bench)
        }
    }

    private static func step(_ bench: Bench, to time: Timestamp) async throws {
        try await bench.database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
    }

    private static func begun(_ bench: Bench) async throws -> Int {
        Int(try await bench.texts("select count(*)::text from messages where journey = 'tour'")[0]) ?? -1
    }

    private static func pause(_ bench: Bench, at instant: Timestamp?) async throws {
        try await bench.database.pool.withTransaction { session in
            try Pauses.set("tour", to: instant, in: bench.workspace, session: session)
        }
    }

    @Test func whatExceedsTheThrottleWaitsAndBeginsInItsOrder() async throws {
        try await Self.with { bench in
            let users = (0..<5).map { "user-\($0)" }
            for (place, user) in users.enumerated() {
                let time = Bench.start + .seconds(Int64(place))
                try await Self.step(bench, to: time)
                try await bench.hears("Tour Asked", "t", to: user, at: time)
            }
            #expect(try await Self.begun(bench) == 0)
            var order: [String] = []
            for (minute, expected) in [(0, 1), (1, 2), (2, 3), (200, 4), (200, 4), (201, 5)] as [(Int64, Int)] {
                try await Self.step(bench, to: Bench.start + .seconds(4) + .minutes(minute))
                try await bench.journeys.takeTurns()
                #expect(try await Self.begun(bench) == expected, "after \(minute) minutes")
                order = try await bench.texts(
                    "select contact_id::text from messages where journey = 'tour' order by planned_at")
            }
            #expect(order == users.map { bench.contact($0).contact.description })
            let waited = try await bench.texts(
                "select choice from decisions where journey = 'tour' and choice = 'its turn came'")
            #expect(waited.count == 5)
            #expect(try await bench.texts("select journey from runs where waits_since is not null") == [])
        }
    }

    /// Of schedulers that look at the same time each sees what the others have let in.
    @Test(.timeLimit(.minutes(10))) func itIsKeptByAllSchedulersTogether() async throws {
        try await Self.with("{event: Tour Asked, throttle: {per_minute: 60}}") { bench in
            let signals = try await bench.happens("Tour Asked", "t", to: (0..<40).map { "user-\($0)" })
            try await bench.journeys.apply(signals[...], arriving: [], lane: .live)
            var others: [JourneyWriter] = []
            for _ in 0..<4 { others.append(try await bench.scheduler()) }
            for second in 0..<12 as Range<Int64> {
                try await Self.step(bench, to: Bench.start + .seconds(second))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for scheduler in others { group.addTask { try await scheduler.takeTurns() } }
                    try await group.waitForAll()
                }
                #expect(try await Self.begun(bench) == Int(second) + 1)
            }
            let next = try await bench.database.pool.withTransaction { session in
                try Quiet.nextDue(after: try DomainClock.read(in: session), in: session)
            }
            #expect(next == Bench.start + .seconds(12))
        }
    }

    @Test func aPausedJourneyLetsNobodyBeginAndFloodsNobodyAfterwards() async throws {
        try await Self.with { bench in
            for user in 0..<4 { try await bench.hears("Tour Asked", "t", to: "user-\(user)") }
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 1)
            try await Self.pause(bench, at: Bench.start)
            try await Self.step(bench, to: Bench.start + .hours(5))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 1)
            let unrest = try await bench.database.pool.withTransaction { session in
                try Quiet.unrest(at: Bench.start + .hours(5), in: session)
            }
            #expect(unrest.broadcasts == 0)
            try await Self.pause(bench, at: nil)
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 2)
            try await Self.step(bench, to: Bench.start + .hours(5) + .minutes(1))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 3)
        }
    }

    @Test func whoReachesTheGoalMeanwhileLeavesTheQueue() async throws {
        try await Self.with { bench in
            for user in 0..<3 { try await bench.hears("Tour Asked", "t", to: "user-\(user)") }
            try await bench.journeys.takeTurns()
            let first = try await bench.texts("select contact_id::text from messages where journey = 'tour'")
            let other = try #require((0..<3).first { first != [bench.contact("user-\($0)").contact.description] })
            try await bench.hears("Tour Cancelled", "c", to: "user-\(other)", at: Bench.start + .seconds(1))
            try await Self.step(bench, to: Bench.start + .minutes(1))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 2)
            try await Self.step(bench, to: Bench.start + .minutes(2))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 2)
            #expect(try await bench.texts("select outcome from runs where outcome is not null") == ["converted"])
        }
    }

    @Test func whoseTurnComesTooLateIsLetGoAndTakesNobodysPlace() async throws {
        try await Self.with("{event: Tour Asked, throttle: {per_hour: 60}, late: {after: 1h}}") { bench in
            for user in 0..<4 { try await bench.hears("Tour Asked", "t", to: "user-\(user)") }
            try await Self.step(bench, to: Bench.start + .hours(2))
            try await bench.hears("Tour Asked", "t", to: "late", at: Bench.start + .hours(2))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 1)
            #expect(try await bench.texts("select outcome from runs where outcome is not null").count == 4)
        }
    }

    /// Whom a slow throttle let wait, a faster one lets in as soon as it would have.
    @Test func aThrottleThatIsRelaxedIsKeptAtOnce() async throws {
        try await Self.with("{event: Tour Asked, throttle: {per_day: 1}}") { bench in
            for user in 0..<4 { try await bench.hears("Tour Asked", "t", to: "user-\(user)") }
            try await bench.journeys.takeTurns()
            try await bench.journeys.relaxTurns()
            try await Self.step(bench, to: Bench.start + .hours(1))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 1)
            try await Bench.apply(Self.files(Self.entry), to: bench.database)
            for (minute, expected) in [(0, 1), (0, 1), (1, 2), (2, 3)] as [(Int64, Int)] {
                try await Self.step(bench, to: Bench.start + .hours(1) + .minutes(minute))
                try await bench.journeys.relaxTurns()
                try await bench.journeys.takeTurns()
                #expect(try await Self.begun(bench) == expected, "after \(minute) minutes")
            }
        }
    }

    /// Once the journey lets everybody in, those who wait begin at once.
    @Test func withoutAThrottleNobodyWaitsAnyMore() async throws {
        try await Self.with { bench in
            for user in 0..<9 { try await bench.hears("Tour Asked", "t", to: "user-\(user)") }
            try await bench.journeys.takeTurns()
            try await Bench.apply(Self.files("{event: Tour Asked}"), to: bench.database)
            try await Self.step(bench, to: Bench.start + .minutes(1))
            try await bench.journeys.takeTurns()
            #expect(try await Self.begun(bench) == 9)
        }
    }
}
