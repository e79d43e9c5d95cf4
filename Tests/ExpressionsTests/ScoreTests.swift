import Expressions
import Model
import Testing

@Suite struct ScoreTests {
    static let world = World(scores: ["engagement": 40], halfLife: .days(7))

    /// 40 points are 10 after two half-lives.
    @Test(arguments: [
        "score('engagement') >= 10", "10 <= score('engagement')", "score('engagement') > 10.0",
        "score('engagement') == 10u", "score('engagement') < 10",
    ])
    func crossing(_ source: String) throws {
        let expression = try Expression(source, scope: .audience)
        let until = try expression.evaluate(Self.world).validUntil
        let exact = World.noon + .days(14)
        #expect(until <= exact)
        #expect(exact - until < Span(microseconds: 10))
    }

    @Test(arguments: [
        "score('engagement') >= 50", "score('engagement') > 0", "score('engagement') > -3", "score('fit') > 10",
    ])
    func neverCrosses(_ source: String) throws {
        #expect(try Expression(source, scope: .audience).evaluate(Self.world).validUntil == .distantFuture)
    }

    @Test func withoutDecay() throws {
        let world = World(scores: ["engagement": 40])
        #expect(
            try Expression("score('engagement') > 10", scope: .audience).evaluate(world).validUntil == .distantFuture)
        #expect(
            try Expression("score('engagement') * 2.0 > 10.0", scope: .audience).evaluate(world).validUntil
                == .distantFuture)
    }

    /// At the threshold itself the next look is later than now, so that whoever waits for it makes progress.
    @Test func progress() throws {
        let world = World(scores: ["engagement": 10], halfLife: .days(7))
        let until = try Expression("score('engagement') >= 10", scope: .audience).evaluate(world).validUntil
        #expect(until == World.noon + Span(microseconds: 1))
    }

    @Test func otherUses() throws {
        let expression = try Expression("score('engagement') + score('fit') > 10.0", scope: .audience)
        #expect(try expression.evaluate(Self.world).validUntil == World.noon + .minutes(1))
        #expect(expression.mentionedScores == ["engagement", "fit"])
    }

    @Test func negativeScoresRiseToZero() throws {
        let world = World(scores: ["trust": -8], halfLife: .days(1))
        let until = try Expression("score('trust') <= -2", scope: .audience).evaluate(world).validUntil
        #expect(until <= World.noon + .days(2) && until > World.noon + .hours(47))
    }

    /// Decay followed on a calculator of another kind: powers instead of logarithms.
    @Test(arguments: [1.0, 10, 33.3, 0.001, 39.999])
    func neverLate(_ threshold: Double) throws {
        let source = "score('engagement') >= \(threshold)"
        let until = try Expression(source, scope: .audience).evaluate(Self.world).validUntil
        #expect(until > World.noon)
        #expect(Self.points(after: until - World.noon) >= threshold)
        #expect(Self.points(after: until - World.noon + .seconds(1)) < threshold)
    }

    /// 40 · 2^(-age / 7 d) by repeated square roots of one half.
    private static func points(after age: Span) -> Double {
        let ratio = Double(age.microseconds) / Double(Span.days(7).microseconds)
        var factor = 0.5
        var rest = ratio - ratio.rounded(.down)
        var points = 40.0
        for _ in 0..<Int(ratio) { points /= 2 }
        for _ in 0..<60 {
            factor = factor.squareRoot()
            rest *= 2
            if rest >= 1 {
                points *= factor
                rest -= 1
            }
        }
        return points
    }
}
