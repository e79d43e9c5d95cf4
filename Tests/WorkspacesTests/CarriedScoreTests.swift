import Expressions
import Model
import Scores
import Testing
import Workspaces

/// A score counted afresh from what is carried over and what is left in the log.
@Suite struct CarriedScoreTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private func model(_ lines: String) throws -> ScoreModel {
        let loaded = Shop.load(["scores.yaml": "scores:\n  - score: engagement\n" + lines])
        return try #require(loaded.workspace?.score(named: "engagement"), "\(loaded.findings)")
    }

    /// Whoever the subjects are and whichever of their events have left, it is the score by all events, to the bit.
    @Test(arguments: 0..<60) func isTheScoreByAllEvents(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let model = try model(
            """
                half_life: 3d
                points:
                  - {event: Page Viewed, points: 1.25, cap: {per_day: \(dice.roll(1...3)), total: \(dice.roll(1...9))}}
                  - {event: Page Viewed, points: 0.1, cap: {total: \(dice.roll(1...20))}}
                  - {event: Page Viewed, points: -2, cap: {per_day: \(dice.roll(1...2))}, expires: 20d}
                  - {event: Form Submitted, points: 3.5}
                  - {event: Form Submitted, points: 1, expires: 4d}
            """)
        let events = (0..<60).map { number in
            HistoryEvent(
                at: Self.start + .hours(Int64(dice.roll(0...200))), eventID: "e\(number % 55)",
                name: dice.roll(0...3) == 0 ? "Form Submitted" : "Page Viewed")
        }
        var carried = [CarriedScore](repeating: CarriedScore(), count: 3)
        var left: [HistoryEvent] = []
        for event in events.shuffled(using: &dice) {
            let place = dice.roll(0...4)
            if place < 3 { try carried[place].add(event, by: model) } else { left.append(event) }
        }
        let whole = try ScoreBook(model, of: events)
        let parts = try ScoreBook(model, carried: carried.shuffled(using: &dice), of: left)
        #expect(parts.balance == whole.balance)
        #expect(parts.counted.mapValues(\.places) == whole.counted.mapValues(\.places))
    }

    @Test func rulesAreNamedByWhatTheyGive() throws {
        let condition = "when: 'event.properties.a == 1'"
        let points = "    points: [{event: Page Viewed, points: 1, cap: {total: 2}, expires: 9d, \(condition)}]"
        let first = try model(points)
        #expect(try model(points + "\n    bands: [{band: cold}]").rulesID == first.rulesID)
        for (old, new) in [("points: 1,", "points: 2,"), ("total: 2", "total: 3"), ("9d", "8d"), ("== 1", "== 2")] {
            let changed = try model(points.replacing(old, with: new))
            #expect(changed.rulesID != first.rulesID && !changed.countsAs(first))
        }
        #expect(try model("    half_life: 1d\n" + points).rulesID != first.rulesID)
    }
}
