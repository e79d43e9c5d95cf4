import Model
import Scores
import Testing

struct ScoreCrossingTests {
    private let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    @Test(arguments: 0..<15) func theSideHoldsUntilTheInstantAndNotAtIt(seed: UInt64) {
        var dice = Dice(seed: seed)
        let halfLife = Span.days(14)
        let sums = book(dice.events(20, around: start, within: halfLife), halfLife: halfLife)
        let value = ScoreArithmetic.value(sums: sums, halfLife: halfLife, now: start)
        for threshold in [value / 2, value, value / 3 + 0.01, value * 2, 0, -value] {
            let until = ScoreArithmetic.steadyUntil(
                threshold: threshold, sums: sums, halfLife: halfLife, now: start)
            let side = compare(value, threshold)
            for part in 0..<40 where until < .distantFuture {
                let at = start + Span(microseconds: (until - start).microseconds / 40 * Int64(part))
                #expect(compare(ScoreArithmetic.value(sums: sums, halfLife: halfLife, now: at), threshold) == side)
            }
            guard until < .distantFuture else { continue }
            let before = until - Span(microseconds: 1)
            #expect(compare(ScoreArithmetic.value(sums: sums, halfLife: halfLife, now: before), threshold) == side)
            #expect(compare(ScoreArithmetic.value(sums: sums, halfLife: halfLife, now: until), threshold) != side)
        }
    }

    @Test func whatNeverChangesIsValidForever() {
        let sums = book([(10_000, start)], halfLife: .days(1))
        for threshold in [11.0, -1, 10.001] {
            let until = ScoreArithmetic.steadyUntil(
                threshold: threshold, sums: sums, halfLife: .days(1), now: start)
            #expect(until == .distantFuture)
        }
        #expect(
            ScoreArithmetic.steadyUntil(threshold: 0, sums: [0: 5], halfLife: nil, now: start) == .distantFuture)
        #expect(
            ScoreArithmetic.steadyUntil(threshold: 1, sums: [:], halfLife: .days(1), now: start) == .distantFuture)
    }

    @Test func aScoreAboveItsThresholdFallsToItInTheExpectedTime() {
        let sums = book([(20_000, start)], halfLife: .days(14))
        let until = ScoreArithmetic.steadyUntil(threshold: 10, sums: sums, halfLife: .days(14), now: start)
        #expect(abs((until - (start + .days(14))).microseconds) < Span.minutes(2).microseconds)
    }

    private func compare(_ left: Double, _ right: Double) -> Int { left < right ? -1 : left > right ? 1 : 0 }
}
