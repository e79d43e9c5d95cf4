import Contracts
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

@testable import Audience

/// New definitions reach those whom nothing happens to.
@Suite struct BackfillTests {
    private static let before: [String: String] = SegmentShop.files.filter {
        !$0.key.hasPrefix("segments/") && !$0.key.hasPrefix("journeys/") && $0.key != "personas.yaml"
    }

    private static func crowd(_ bench: Bench, of size: Int) async throws {
        let writer = AudienceWriter(worker: try await bench.worker())
        let events = (0..<size).flatMap { number in
            (0..<(number % 3)).map { bench.event("Order Completed", "\($0)", of: .user, "user \(number)") }
                + [bench.event("Docs Viewed", "d", of: .user, "user \(number)")]
        }
        try await writer.apply(events[...], arriving: [], lane: .live)
    }

    @Test func everybodyIsReachedOnceAndMarked() async throws {
        try await Bench.with(Self.before) { bench in
            try await bench.backfill()
            try await Self.crowd(bench, of: 30)
            _ = try await bench.takeSignals()
            try await bench.redefine(SegmentShop.files)
            #expect(try await !bench.isAtRest(), "what is applied is under way")
            try await bench.backfill(slices: 7)
            #expect(try await bench.isAtRest())
            #expect(try await bench.count("select count(*) from segment_members where segment = 'recent'") == 20)
            #expect(try await bench.count("select count(*) from segment_members where segment = 'buyers'") == 10)
            #expect(try await bench.texts("select distinct cause from segment_moves") == ["backfill"])
            let causes = try await bench.takeSignals().map(\.cause)
            #expect(
                causes == Array(repeating: .entered(segment: "buyers", ordinal: 1, isBackfill: true), count: 10),
                "the journey on the other segment takes no backfill, and hears of none")
            let progress = try await bench.database.pool.withTransaction { try Backfills.progress(in: $0) }
            #expect(progress.map(\.done) == [30] && progress.map(\.changed) == [20] && progress[0].endedAt != nil)
            #expect(try await bench.count("select count(*) from wakes") == 20, "and time goes on for them")
            #expect(try await bench.count("select count(*) from backfills where last_claimed is not null") == 0)

            try await bench.backfill()
            #expect(try await bench.takeSignals().isEmpty)
        }
    }

    @Test func whatMakesNoFactsNeedsNone() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.backfill()
            try await Self.crowd(bench, of: 6)
            var files = SegmentShop.files
            files["journeys/welcome.yaml"] = nil
            try await bench.redefine(files)
            try await bench.reviewer().takeUpDefinitions()
            #expect(try await bench.count("select count(*) from backfills where ended_at is not null") == 1)
            #expect(try await bench.count("select count(*) from backfill_slices") == 0)
        }
    }

    /// The difference that definitions make is not the doing of the event that meets them.
    @Test func anEventThatMeetsNewDefinitionsIsSeenApart() async throws {
        try await Bench.with(Self.before) { bench in
            try await bench.apply(bench.event("Order Completed", "1"))
            try await bench.redefine(SegmentShop.files)
            let signals = try await bench.apply(bench.event("Order Completed", "2", minute: 1))
            #expect(try await bench.moves(of: "recent") == ["entered 1 backfill 0h"])
            #expect(try await bench.moves(of: "buyers") == ["entered 1 event 0h"])
            #expect(signals.map(\.cause) == [.entered(segment: "buyers", ordinal: 1, isBackfill: false)])
        }
    }

    @Test func aSegmentThatIsNoMoreIsLeft() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.backfill()
            try await bench.apply(bench.event("Order Completed", "1"))
            var files = Self.before
            files["segments/hot.yaml"] = SegmentShop.files["segments/hot.yaml"]
            try await bench.redefine(files)
            try await bench.backfill()
            #expect(try await bench.segments() == [])
            #expect(try await bench.moves(of: "recent") == ["entered 1 event 0h", "left 1 backfill 0h"])
        }
    }

    @Test func whoseSegmentsAndPersonasAreAllGoneIsInNone() async throws {
        try await Bench.with(SegmentShop.files) { bench in
            try await bench.backfill()
            try await bench.apply(
                bench.event("Order Completed", "1"), bench.identify("i", traits: ["role": "developer"]))
            #expect(try await bench.segments() == ["recent 1"])
            #expect(try await bench.persona() == "developer")
            try await bench.redefine(Self.before)
            try await bench.backfill()
            #expect(try await bench.segments() == [])
            #expect(try await bench.persona() == nil)
        }
    }

    @Test func aSliceWhoseWorkerDiedIsTakenOver() async throws {
        try await Bench.with(Self.before) { bench in
            try await bench.backfill()
            try await Self.crowd(bench, of: 12)
            try await bench.redefine(SegmentShop.files)
            try await bench.reviewer().takeUpDefinitions()
            // Handed out, and never done.
            let dead = Backfills.Hand(worker: "dead", machineNow: Bench.start - .seconds(30))
            let slice = try await bench.database.pool.withTransaction {
                try Backfills.claim(size: 5, dead, in: $0)
            }
            #expect(slice != nil)
            try await bench.backfill(slices: 5)
            #expect(try await bench.isAtRest())
            #expect(try await bench.count("select count(*) from segment_members where segment = 'recent'") == 8)
        }
    }

    /// Whose evaluation has killed workers is passed over, and looked at again by itself.
    @Test func whoKillsWorkersIsPutOff() async throws {
        try await Bench.with(Self.before) { bench in
            try await bench.backfill()
            try await Self.crowd(bench, of: 12)
            try await bench.redefine(SegmentShop.files)
            let deadly = bench.contact(.user, "user 1")
            let (page, alone) = (
                Pages.Work.backfills.item(deadly), Pages.Work.backfills.item(deadly, deadly.contact)
            )
            try await bench.database.pool.withTransaction { session in
                for number in 0..<3 {
                    let begunAt = Bench.start - .seconds(30 * Int64(number + 1))
                    for (item, isAlone) in [(page, false), (alone, true)] {
                        let trial = Trials.Trial(begunAt: begunAt, worker: "dead \(number)", isAlone: isAlone)
                        try Trials.begin(item, trial, in: session)
                    }
                }
            }
            try await bench.backfill(slices: 5)
            let progress = try await bench.database.pool.withTransaction { try Backfills.progress(in: $0) }
            #expect(progress.map(\.done) == [12] && progress[0].endedAt != nil)
            #expect(try await bench.segments("user 1") == [])
            #expect(try await bench.count("select count(*) from segment_members where segment = 'recent'") == 7)
            #expect(try await bench.count("select count(*) from trials") == 0)
            #expect(try await bench.count("select count(*) from pages") == 0)

            try await bench.advance(to: Bench.start + .hours(1))
            #expect(try await bench.segments("user 1") == ["recent 1"])
        }
    }

    @Test func manyWorkersShareTheWork() async throws {
        try await Bench.with(Self.before) { bench in
            try await bench.backfill()
            try await Self.crowd(bench, of: 60)
            try await bench.redefine(SegmentShop.files)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    let reviewer = try await bench.reviewer()
                    group.addTask {
                        try await reviewer.takeUpDefinitions()
                        while try await reviewer.backfill(size: 4) {}
                    }
                }
                for number in 0..<3 {
                    let writer = AudienceWriter(worker: try await bench.worker())
                    let events = (0..<60).map {
                        bench.event("Order Completed", "more \(number)", of: .user, "user \($0)", minute: 1)
                    }
                    group.addTask {
                        for start in stride(from: 0, to: 60, by: 10) {
                            try await writer.apply(events[start..<start + 10], arriving: [], lane: .live)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await bench.backfill()
            #expect(try await bench.isAtRest())
            #expect(try await bench.count("select count(*) from segment_members where segment = 'buyers'") == 60)
            #expect(try await bench.count("select count(*) from segment_moves where ordinal > 1") == 0)
        }
    }
}

extension Bench {
    /// Whether nothing is under way but signals, which nobody takes here.
    fileprivate func isAtRest() async throws -> Bool {
        try await database.pool.withTransaction { session in
            let unrest = try Quiet.unrest(at: Self.start, in: session)
            return unrest.backfills == 0 && unrest.dueWakes == 0
        }
    }
}
