import Model
import Scores
import Testing

struct ScoreBalanceTests {
    private let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private let fortnight = Span.days(14)

    private func balance(
        _ points: [(points: Int64, at: Timestamp, expiry: Span?)], halfLife: Span?
    ) -> ScoreBalance {
        points.reduce(into: ScoreBalance()) { balance, point in
            balance.add(
                ScoreArithmetic.term(points: point.points, at: point.at, halfLife: halfLife, expiry: point.expiry))
        }
    }

    @Test func pointsCountUntilTheirEndAndNotAtIt() {
        let balance = balance([(5000, start, .days(3)), (1000, start, nil)], halfLife: nil)
        let end = start + .days(3)
        #expect(balance.value(halfLife: nil, now: end - Span(microseconds: 1)) == 6)
        #expect(balance.value(halfLife: nil, now: end) == 1)
        #expect(balance.standing(at: end).passing.isEmpty)
        #expect(balance.standing(at: end).lasting == balance.lasting)
    }

    @Test func whatEndsFadesUntilThen() {
        let balance = balance([(8000, start, .days(20))], halfLife: fortnight)
        #expect(balance.value(halfLife: fortnight, now: start + .days(14)) == 4)
        #expect(balance.value(halfLife: fortnight, plus: -500, now: start + .days(14)) == 3.5)
        #expect(balance.value(halfLife: fortnight, now: start + .days(20)) == 0)
    }

    @Test func whatIsTakenBackLeavesNothing() {
        let term = ScoreArithmetic.term(points: 77, at: start, halfLife: fortnight, expiry: .hours(1))
        var balance = ScoreBalance()
        balance.add(term)
        balance.add(term.negated)
        #expect(balance.isEmpty)
    }

    @Test func aSumBeyondWhatCanBeCountedIsRefused() {
        var balance = ScoreBalance(lasting: [0: .max - 1])
        let isCounted = balance.add(ScoreTerm(epoch: 0, amount: 2))
        #expect(!isCounted)
        #expect(balance.lasting == [0: .max - 1])
    }

    /// Points that end, both signs, with and without fading: until the instant told the side is the same, at every
    /// instant at which anything happens, and at many between.
    @Test(arguments: 0..<40) func theSideHoldsUntilTheInstantTold(seed: UInt64) {
        var dice = Dice(seed: seed)
        let halfLife: Span? = [nil, .hours(1), .days(1), fortnight][Int(seed % 4)]
        let span = halfLife ?? .days(3)
        let points = dice.events(30, around: start, within: span).map { points, at in
            let expiry = Span(microseconds: Int64.random(in: 60_000_000...span.microseconds * 45, using: &dice))
            return (points, at, dice.below(4) == 0 ? nil : expiry)
        }
        let balance = balance(points, halfLife: halfLife)
        let constant = Int64(dice.below(3)) * 4000 - 4000
        let value = balance.value(halfLife: halfLife, plus: constant, now: start)
        for threshold in [value, value / 2, value * 2, 0, Double(constant) / 1000, 100, -100] {
            let until = balance.steadyUntil(threshold: threshold, halfLife: halfLife, plus: constant, now: start)
            let side = compare(value, threshold)
            let ends = balance.passing.keys.map(\.until).filter { $0 > start }.sorted()
            let last = min(until, (ends.last ?? start) + span)
            var instants = ends.flatMap { [$0 - Span(microseconds: 1), $0] } + [until - Span(microseconds: 1)]
            let part = (last - start).microseconds / 60
            instants += (0..<60).map { start + Span(microseconds: part * $0) }
            for instant in instants where instant >= start && instant < until {
                let later = balance.value(halfLife: halfLife, plus: constant, now: instant)
                #expect(compare(later, threshold) == side)
            }
            guard until < .distantFuture else { continue }
            #expect(until > start)
            #expect(compare(balance.value(halfLife: halfLife, plus: constant, now: until), threshold) != side)
        }
    }

    @Test func manyEndsAreLookedAtPieceByPiece() {
        var balance = ScoreBalance()
        for minute in 1...500 {
            balance.add(ScoreTerm(epoch: 0, amount: 1000, until: start + .minutes(Int64(minute))))
        }
        var (now, looks) = (start, 0)
        while balance.value(halfLife: nil, now: now) >= 10 {
            now = balance.steadyUntil(threshold: 10, halfLife: nil, now: now)
            looks += 1
        }
        #expect(now == start + .minutes(491))
        #expect(looks <= 10)
    }

    private func compare(_ left: Double, _ right: Double) -> Int { left < right ? -1 : left > right ? 1 : 0 }
}
