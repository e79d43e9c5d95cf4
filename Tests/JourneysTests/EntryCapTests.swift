import Contracts
@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Journeys that let in only so many, on a real store.
@Suite struct EntryCapTests {
    private static func files(_ cap: String) -> [String: String] {
        var files = Shop.files
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: {event: Tour Asked, key: event.id, again: per-key\(cap)}
            steps: [{email: thanks, step: tour}]
            """
        return files
    }

    private static func with(_ cap: String, _ body: (Bench) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await Bench.apply(files(", cap: \(cap)"), to: bench.database)
            try await body(bench)
        }
    }

    private static func step(_ bench: Bench, to time: Timestamp) async throws {
        try await bench.database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
    }

    private static func entered(_ bench: Bench) async throws -> Int {
        Int(try await bench.texts("select count(*)::text from runs where journey = 'tour'")[0]) ?? -1
    }

    private static func turnedAway(_ bench: Bench) async throws -> Int {
        Int(
            try await bench.texts(
                "select count(*)::text from decisions where choice = 'turned away' and kind = 'entry'")[
                    0]) ?? -1
    }

    /// How many entered, and how many were turned away.
    private static func counts(_ bench: Bench) async throws -> [Int] {
        [try await entered(bench), try await turnedAway(bench)]
    }

    @Test func whoComesBeyondItIsTurnedAwayOnRecord() async throws {
        try await Self.with("{at_most: 2}") { bench in
            for user in 0..<5 {
                let time = Bench.start + .seconds(Int64(user))
                try await Self.step(bench, to: time)
                try await bench.hears("Tour Asked", "t", to: "user-\(user)", at: time)
            }
            #expect(try await Self.counts(bench) == [2, 3])
            let saw = try await bench.texts(
                "select distinct (saw -> 'cap')::text || ' ' || (saw ->> 'event') from decisions where choice = 'turned away'"
            )
            #expect(saw == ["{\"at_most\": 2} Tour Asked"])
            let who = try await bench.texts("select contact_id::text from runs where journey = 'tour'")
            #expect(Set(who) == Set((0..<2).map { bench.contact("user-\($0)").contact.description }))
        }
    }

    /// A thousand come at once to as many schedulers as there are, and each sees what the others have let in.
    @Test(.timeLimit(.minutes(10))) func schedulersTogetherNeverPassIt() async throws {
        try await Self.with("[{at_most: 7, within: 1h}, {at_most: 18}]") { bench in
            var schedulers: [JourneyWriter] = []
            for _ in 0..<4 { schedulers.append(try await bench.scheduler()) }
            var expected = 0
            for (round, most) in [7, 14, 18, 18].enumerated() {
                try await Self.step(bench, to: Bench.start + .hours(Int64(round)))
                let signals = try await bench.happens("Tour Asked", "t\(round)", to: (0..<60).map { "user-\($0)" })
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (place, part) in stride(from: 0, to: 60, by: 5).enumerated() {
                        let scheduler = schedulers[place % schedulers.count]
                        group.addTask {
                            try await scheduler.apply(signals[part..<part + 5], arriving: [], lane: .live)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await Self.entered(bench) == most, "round \(round)")
                expected += 60
                #expect(try await Self.counts(bench).reduce(0, +) == expected)
            }
            // What no cap looks back on is forgotten.
            let rows = try await bench.texts("select entered::text from entry_times order by at")
            #expect(rows.count <= 3 && rows.last == "18", "\(rows)")
        }
    }

    /// Whoever was turned away stays so when the same signal comes twice, also when there is room meanwhile; a later one finds
    /// the room.
    @Test func aSignalThatComesTwiceIsAnsweredAsItWas() async throws {
        try await Self.with("{at_most: 1, within: 1h}") { bench in
            try await bench.hears("Tour Asked", "first", to: "anne")
            let refused = try await bench.happens("Tour Asked", "second", to: "bob")
            try await bench.act(on: refused)
            try await Self.step(bench, to: Bench.start + .hours(1) - .seconds(1))
            try await bench.act(on: try await bench.happens("Tour Asked", "third", to: "bob"))
            #expect(try await Self.counts(bench) == [1, 2])
            try await Self.step(bench, to: Bench.start + .hours(1))
            try await bench.act(on: refused)
            #expect(try await Self.counts(bench) == [1, 2])
            let later = Bench.start + .hours(1)
            try await bench.act(on: try await bench.happens("Tour Asked", "fourth", to: "bob", at: later))
            #expect(try await Self.counts(bench) == [2, 2])
        }
    }

    /// One run ever: whoever was turned away may come again.
    @Test func anEntryThatWasTurnedAwayIsNotUsedUp() async throws {
        try await Bench.with { bench in
            var files = Shop.files
            files["journeys/tour.yaml"] = """
                journey: tour
                enter: {event: Tour Asked, cap: {at_most: 1, within: 1h}}
                steps: [{email: thanks, step: tour}]
                """
            try await Bench.apply(files, to: bench.database)
            try await bench.hears("Tour Asked", "a", to: "anne")
            try await bench.hears("Tour Asked", "b", to: "bob")
            let later = Bench.start + .hours(2)
            try await Self.step(bench, to: later)
            try await bench.hears("Tour Asked", "c", to: "bob", at: later)
            #expect(try await Self.counts(bench) == [2, 1])
        }
    }

    /// Entries before there was a cap count too, and those before there was one that looks so far back.
    @Test func aCapCountsWhoCameBeforeIt() async throws {
        try await Bench.with { bench in
            try await Bench.apply(Self.files(""), to: bench.database)
            for hour in 0..<6 {
                let time = Bench.start + .hours(Int64(hour))
                try await Self.step(bench, to: time)
                try await bench.hears("Tour Asked", "t", to: "user-\(hour)", at: time)
            }
            func ask(_ cap: String, _ user: String, after hours: Int64) async throws -> Int {
                try await Bench.apply(Self.files(", cap: \(cap)"), to: bench.database)
                let time = Bench.start + .hours(hours)
                try await Self.step(bench, to: time)
                try await bench.hears("Tour Asked", "x", to: user, at: time)
                return try await Self.entered(bench)
            }
            #expect(try await ask("{at_most: 6}", "a", after: 6) == 6)
            #expect(try await ask("{at_most: 3, within: 150m}", "b", after: 6) == 7)
            #expect(try await ask("{at_most: 3, within: 210m}", "c", after: 6) == 7)
            #expect(try await ask("{at_most: 7}", "d", after: 30) == 7)
            #expect(try await ask("{at_most: 8, within: 1d}", "e", after: 31) == 8)
        }
    }

    @Test func aBroadcastPassesOverWhomItsCapTurnsAway() async throws {
        let entry = "{schedule: 2026-03-02T12:00, segment: readers, cap: {at_most: 3}}"
        try await Newsroom.with(entry) { news in
            try await news.join((0..<5).map { "reader-\($0)" })
            try await news.step(to: Newsroom.noon)
            try await news.walk(limit: 2)
            #expect(try await news.broadcasts() == ["2026-03-02T12:00 done 5 walked 3 entered 2 skipped"])
            let saw = try await news.bench.texts(
                "select distinct saw ->> 'occurrence' from decisions where choice = 'turned away'")
            #expect(saw == ["2026-03-02T12:00"])
        }
    }
}
