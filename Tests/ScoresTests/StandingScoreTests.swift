import Model
import Testing

@testable import Scores

/// What was worked out once says what the balance itself says.
struct StandingScoreTests {
    private let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    @Test(arguments: 0..<60) func itAnswersAsTheBalanceDoes(seed: UInt64) {
        var dice = Dice(seed: seed)
        let halfLife: Span? = [nil, .hours(1), .days(14)][Int(seed % 3)]
        var balance = ScoreBalance()
        for (points, at) in dice.events(dice.below(12), around: start, within: halfLife ?? .days(3)) {
            let expiry: Span? = seed % 4 == 0 && dice.below(2) == 0 ? .days(40) : nil
            balance.add(ScoreArithmetic.term(points: points, at: at, halfLife: halfLife, expiry: expiry))
        }
        let constant = Int64(dice.below(3)) * 4000 - 4000
        for now in [start, start + .days(1), start + .days(200), start - .days(3)] {
            let standing = StandingScore(balance, halfLife: halfLife, plus: constant, now: now)
            let value = balance.value(halfLife: halfLife, plus: constant, now: now)
            #expect(standing.value == value)
            for threshold in [value, value / 2, value * 2, value / 3 + 0.01, -value, 0, Double(constant) / 1000, 1e9] {
                #expect(
                    standing.steadyUntil(threshold: threshold)
                        == balance.steadyUntil(threshold: threshold, halfLife: halfLife, plus: constant, now: now))
            }
        }
    }

    /// Each root in its turn, rounded each time: no other order gives the same bits.
    @Test func powersAreMadeOfTheirRootsInOrder() {
        let power = BinaryPower()
        let roots = (0..<16).map { power.ofTwo(1 << UInt64(15 - $0)) }
        for fraction: UInt64 in 0..<65_536 {
            var product: UInt64 = 1 << 30
            for (index, root) in roots.enumerated() where fraction & (1 << UInt64(15 - index)) != 0 {
                product = (product * root + 1 << 29) >> 30
            }
            guard power.ofTwo(fraction) != product else { continue }
            Issue.record("2 to \(fraction) / 65536 is \(power.ofTwo(fraction)), not \(product)")
        }
    }
}
