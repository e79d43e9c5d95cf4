import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

@testable import Audience

/// Conditions change with time alone, at their instant and without anybody counting.
@Suite struct WakeTests {
    @Test func whoHasNotBoughtForAFortnightFallsAsleepByThemselves() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.event("Order Completed", "1"), bench.event("Order Completed", "2", minute: 60))
            let end = Bench.start + .hours(1) + .days(14)
            try await bench.walk(to: end - .seconds(1))
            #expect(try await bench.segments() == ["buyers 1", "recent 1"])
            _ = try await bench.takeSignals()
            try await bench.walk(to: end)
            #expect(try await bench.segments() == ["asleep 1", "buyers 1"], "at the very instant")
            #expect(try await bench.persona() == "sleeper")
            #expect(try await bench.moves(of: "recent") == ["entered 1 event 0h", "left 1 time 337h"])
            #expect(
                try await bench.takeSignals().map(\.cause)
                    == [.entered(segment: "asleep", ordinal: 1, isBackfill: false)])
            #expect(try await bench.count("select count(*) from wakes") == 0, "nothing more changes by itself")

            let back = try await bench.apply(bench.event("Order Completed", "3", minute: 20 * 1440))
            #expect(try await bench.segments() == ["buyers 1", "recent 2"])
            #expect(back.isEmpty, "nobody has a run that asks")
            try await bench.walk(to: Bench.start + .days(40))
            #expect(try await bench.segments() == ["asleep 2", "buyers 1"], "an entry of its own")
        }
    }

    /// For the journey that starts with it, leaving says which time it was.
    @Test func leavingIsSignalledForWhatStartsWithIt() async throws {
        var files = SegmentShop.files
        files["journeys/lost.yaml"] = "journey: lost\nenter: {left: recent, again: per-entry}\nsteps: [{wait: 1d}]"
        try await Bench.with(files) { bench in
            try await bench.apply(bench.event("Order Completed", "1"))
            _ = try await bench.takeSignals()
            try await bench.walk(to: Bench.start + .days(14))
            let signals = try await bench.takeSignals()
            #expect(signals.map(\.cause) == [.left(segment: "recent", ordinal: 1, isBackfill: false)])
            #expect(signals.first?.at == Bench.start + .days(14))
        }
    }

    /// After an outage the wakes are late; what each finds has happened when it did.
    @Test func flipsThatWereMissedKeepTheirInstants() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(
                bench.event("Order Completed", "1"), bench.event("Order Completed", "2", minute: 60),
                bench.event("Page Viewed", "p"))
            #expect(try await bench.segments() == ["buyers 1", "hot 1", "recent 1"])
            try await bench.advance(to: Bench.start + .days(20))
            #expect(try await bench.moves(of: "hot") == ["entered 1 event 0h", "left 1 time 23h"])
            #expect(try await bench.moves(of: "recent") == ["entered 1 event 0h", "left 1 time 337h"])
            #expect(try await bench.moves(of: "asleep") == ["entered 1 time 337h"])
            #expect(
                try await bench.texts("select since::text from personas")
                    == bench.texts("select at::text from segment_moves where segment = 'asleep'"))
        }
    }

    @Test func aDecayingScoreCrossesItsThreshold() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.event("Page Viewed", "p"))
            #expect(try await bench.segments() == ["hot 1"])
            try await bench.walk(to: Bench.start + .days(1) - .minutes(1))
            #expect(try await bench.segments() == ["hot 1"])
            try await bench.walk(to: Bench.start + .days(1) + .minutes(1))
            #expect(try await bench.segments() == [], "eight points are four after a half-life")
            #expect(try await bench.moves(of: "hot") == ["entered 1 event 0h", "left 1 time 23h"])
        }
    }

    @Test func stagesAreReachedByTimeAsWell() async throws {
        var files = SegmentShop.files
        files["stages.yaml"] = """
            stages:
              - stage: see
              - {stage: think, when: 'did("Form Submitted") && !did("Form Submitted", "3d")'}
            """
        try await Bench.with(files) { bench in
            try await bench.apply(bench.event("Form Submitted", "f"), bench.event("Page Viewed", "p"))
            #expect(try await bench.state(.user, "anne")?.stage == "see")
            try await bench.walk(to: Bench.start + .days(3))
            #expect(try await bench.state(.user, "anne")?.stage == "think")
            #expect(try await bench.takeSignals().map(\.cause) == [.stage("think")])
            let at = try await bench.texts(
                "select extract(epoch from at - \(Bench.start))::int::text from stages where stage = 'think'")
            #expect(at == ["259200"])
            #expect(try await bench.segments().contains("thinkers 1"), "a segment of the stage follows")
        }
    }

    /// A wake is put off lazily: many events arm it once, and looking at it costs one look more at most.
    @Test func evaluationsFollowEventsAndFlips() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            for day in 0..<10 {
                try await bench.advance(to: Bench.start + .days(Int64(day)))
                try await bench.apply(bench.event("Order Completed", "\(day)", minute: Int64(day) * 1440))
            }
            #expect(try await bench.count("select count(*) from wakes") == 1)
            var looks = 0
            var now = Bench.start + .days(9)
            while now < Bench.start + .days(60) {
                let before = now
                let next = try await bench.database.pool.withTransaction { try Quiet.nextDue(after: before, in: $0) }
                guard let next else { break }
                now = next
                looks += try await bench.advance(to: now)
            }
            #expect(looks == 2, "once where the first order left its window, once where the last did")
            #expect(now == Bench.start + .days(9 + 14))
            #expect(try await bench.segments() == ["asleep 1", "buyers 1"])
        }
    }

    @Test func manyWorkersLookAtEachOnce() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            let users = (0..<120).map { "user \($0)" }
            let writer = AudienceWriter(worker: try await bench.worker())
            let events = users.map { bench.event("Order Completed", "1", of: .user, $0) }
            try await writer.apply(events[...], arriving: [], lane: .live)
            try await bench.database.pool.withTransaction {
                try DomainClock.step(to: Bench.start + .days(14), in: $0)
            }
            let woken = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    let reviewer = try await bench.reviewer()
                    group.addTask {
                        var woken = 0
                        while case let part = try await reviewer.fireWakes(limit: 7), part > 0 { woken += part }
                        return woken
                    }
                }
                return try await group.reduce(0, +)
            }
            // Whoever finds nothing but what others hold leaves it to them.
            try await bench.advance(to: Bench.start + .days(14))
            #expect(woken <= 120)
            #expect(try await bench.count("select count(*) from wakes") == 0)
            #expect(try await bench.count("select count(*) from segment_members") == 0)
            #expect(try await bench.count("select count(*) from segment_moves where move = 'left'") == 120)
        }
    }

    /// A service of the release before merges contacts and knows nothing of wakes.
    @Test func theWakeOfWhoHasMergedIsTheSurvivors() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.apply(bench.event("Order Completed", "1", of: .anonymous, "device"))
            try await bench.apply(bench.event("Docs Viewed", "d"))
            let (device, anne) = (bench.contact(.anonymous, "device"), bench.contact(.user, "anne"))
            _ = try await bench.database.pool.withTransaction { session in
                try session.execute(
                    "update contacts set merged_into = \(anne.contact) where contact_id = \(device.contact)")
            }
            try await bench.advance(to: Bench.start + .days(14))
            #expect(try await bench.count("select count(*) from wakes") == 0)
        }
    }
}
