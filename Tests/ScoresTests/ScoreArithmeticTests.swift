import Foundation
import Model
import Testing

@testable import Scores

struct ScoreArithmeticTests {
    private let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private let fortnight = Span.days(14)

    @Test func aPointIsWorthItselfAtItsOwnInstant() {
        for points: Int64 in [1_000, 10_000, -2_500, 1, 10_000_000, -10_000_000] {
            let sums = book([(points, start)], halfLife: fortnight)
            #expect(ScoreArithmetic.value(sums: sums, halfLife: fortnight, now: start) == Double(points) / 1000)
        }
    }

    @Test func aScoreHalvesInItsHalfLife() {
        let sums = book([(10_000, start)], halfLife: fortnight)
        #expect(ScoreArithmetic.value(sums: sums, halfLife: fortnight, now: start + .days(14)) == 5)
        #expect(ScoreArithmetic.value(sums: sums, halfLife: fortnight, now: start + .days(28)) == 2.5)
        #expect(ScoreArithmetic.value(sums: sums, halfLife: fortnight, now: start + .days(14 * 40)) == 0)
    }

    @Test func withoutHalfLifeAScoreIsAPlainSum() {
        let sums = book([(1_500, start), (-250, start + .days(9000))], halfLife: nil)
        #expect(sums == [0: 1_250])
        #expect(ScoreArithmetic.value(sums: sums, halfLife: nil, now: start) == 1.25)
    }

    @Test func negativePointsMirrorPositiveOnes() {
        for hours in stride(from: Int64(0), to: 24 * 250, by: 7) {
            let at = start + .hours(hours)
            let plus = ScoreArithmetic.term(points: 1_234, at: at, halfLife: fortnight)
            let minus = ScoreArithmetic.term(points: -1_234, at: at, halfLife: fortnight)
            #expect(plus.epoch == minus.epoch && plus.amount == -minus.amount)
        }
    }

    @Test(arguments: 0..<20) func orderAndPartitionDoNotMatter(seed: UInt64) {
        var dice = Dice(seed: seed)
        let halfLife: Span = [.hours(1), .days(1), .days(14), .days(3660)][Int(seed % 4)]
        let events = dice.events(400, around: start, within: halfLife)
        let whole = book(events, halfLife: halfLife)
        let shuffled = book(events.shuffled(using: &dice), halfLife: halfLife)
        let cut = dice.below(400)
        let parts = [events[..<cut], events[cut...]].map { book(Array($0), halfLife: halfLife) }
        #expect(shuffled == whole)
        #expect(parts[0].merging(parts[1], uniquingKeysWith: +) == whole)
    }

    @Test(arguments: 0..<20) func valuesAreCloseToTheFormula(seed: UInt64) {
        var dice = Dice(seed: seed)
        let halfLife: Span = [.hours(1), .days(1), .days(14), .days(3660)][Int(seed % 4)]
        let events = dice.events(200, around: start, within: halfLife)
        let now = start + Span(microseconds: halfLife.microseconds * 3 + 12_345)
        let value = ScoreArithmetic.value(sums: book(events, halfLife: halfLife), halfLife: halfLife, now: now)
        var exact = 0.0
        var weight = 0.0
        for (points, at) in events {
            let age = Double((now - at).microseconds) / Double(halfLife.microseconds)
            exact += Double(points) / 1000 * pow(2, -age)
            weight += abs(Double(points)) / 1000 * pow(2, -age)
        }
        #expect(abs(value - exact) <= weight * 1e-4 + 0.0006)
    }

    @Test func eventsBeforeNineteenSeventyCount() {
        let old = Timestamp(iso8601: "1969-06-01T00:00:00Z")!
        let sums = book([(10_000, old)], halfLife: fortnight)
        #expect(sums.keys.allSatisfy { $0 < 0 })
        #expect(ScoreArithmetic.value(sums: sums, halfLife: fortnight, now: old + .days(14)) == 5)
    }

    @Test func theStatedBoundDoesNotOverflow() {
        let length = ScoreArithmetic.epochLength(fortnight)
        let last = Timestamp(microseconds: length * 100 - 1)
        let term = ScoreArithmetic.term(points: ScoreArithmetic.largestPoints, at: last, halfLife: fortnight)
        #expect(term.epoch == 99)
        #expect(!term.amount.multipliedReportingOverflow(by: 549_755_813 / 10_000).overflow)
        let beyond = ScoreArithmetic.term(points: .max, at: last, halfLife: fortnight)
        #expect(beyond.amount == term.amount)
    }

    /// 55,000 events of 10,000 points late in an epoch are more than Int64 holds.
    @Test func sumsStayAtTheirLimit() {
        let last = Timestamp(microseconds: ScoreArithmetic.epochLength(fortnight) * 100 - 1)
        for points in [ScoreArithmetic.largestPoints, -ScoreArithmetic.largestPoints] {
            let term = ScoreArithmetic.term(points: points, at: last, halfLife: fortnight)
            let sum = (0..<60_000).reduce(Int64(0)) { sum, _ in ScoreArithmetic.sum(sum, term.amount) }
            #expect(sum == (points > 0 ? Int64.max : .min))
            let value = ScoreArithmetic.value(sums: [term.epoch: sum], halfLife: fortnight, now: last)
            #expect(value.magnitude > 549_000_000 && (value > 0) == (points > 0))
        }
        #expect(ScoreArithmetic.sum(.max, -1) == .max - 1)
        #expect(ScoreArithmetic.value(sums: [0: .max, 1: .max], halfLife: nil, now: last) > 0)
    }

    @Test func extremeInstantsGiveNumbers() {
        let sums: [Int64: Int64] = [.max: 5, .min: -5, 0: 7]
        for now in [Timestamp.distantPast, .distantFuture] {
            #expect(ScoreArithmetic.value(sums: sums, halfLife: .hours(1), now: now).isNaN == false)
        }
    }

    @Test func powersAreThoseOfTheFormula() {
        let power = BinaryPower()
        for fraction: UInt64 in stride(from: 0, to: 65_536, by: 37) {
            let exact = pow(2, Double(fraction) / 65_536)
            #expect(abs(Double(power.ofTwo(fraction)) / Double(1 << 30) - exact) < 2e-8)
        }
    }
}

func book(_ events: [(points: Int64, at: Timestamp)], halfLife: Span?) -> [Int64: Int64] {
    var sums: [Int64: Int64] = [:]
    for (points, at) in events {
        let term = ScoreArithmetic.term(points: points, at: at, halfLife: halfLife)
        sums[term.epoch, default: 0] += term.amount
    }
    return sums
}

/// SplitMix64: the same throws for the same seed.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func events(_ count: Int, around: Timestamp, within span: Span) -> [(points: Int64, at: Timestamp)] {
        (0..<count).map { _ in
            let offset = Int64.random(in: -40 * span.microseconds...span.microseconds, using: &self)
            let points = Int64.random(in: 10...100_000, using: &self) * (Bool.random(using: &self) ? 1 : -1)
            return (points, around + Span(microseconds: offset))
        }
    }
}
