import Model
import Pacing
import Testing

/// What quotas let go, against the plain rule that they stand for.
@Suite struct QuotaTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:59:58.250Z")!

    /// Numbers that are the same in each run (Knuth's MMIX generator).
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static func windows(_ times: [Timestamp], _ span: Span) -> [Int64: Int64] {
        Dictionary(grouping: times) { $0.microseconds / span.microseconds }.mapValues { Int64($0.count) }
    }

    @Test(arguments: 1...40)
    func noWindowOfAnyUnitHasMoreThanItsLimit(seed: UInt64) {
        var dice = Dice(state: seed)
        func limit(_ most: Int64) -> Int64? { Bool.random(using: &dice) ? .random(in: 1...most, using: &dice) : nil }
        let limits = SendLimits(
            perSecond: limit(20), perMinute: limit(200), perHour: limit(2_000), perDay: limit(20_000))
        var (quota, now, sent) = (Quota(), Self.start, [Timestamp]())
        for _ in 0..<400 {
            now = now + Span(microseconds: .random(in: 0...3_000_000, using: &dice))
            let wanted = Int64.random(in: 0...30, using: &dice)
            let granted = min(wanted, quota.available(under: limits, at: now) ?? .max)
            quota.take(granted, at: now)
            sent += Array(repeating: now, count: Int(granted))
            if Int.random(in: 0..<5, using: &dice) == 0, granted > 0 {
                let back = Int64.random(in: 1...granted, using: &dice)
                quota.giveBack(back, takenAt: now)
                sent.removeLast(Int(back))
            }
            if quota.available(under: limits, at: now) == 0 {
                let next = quota.opens(under: limits, at: now)
                #expect(next > now)
                #expect((quota.available(under: limits, at: next) ?? .max) > 0, "it opens when it says")
                #expect(quota.available(under: limits, at: next - Span(microseconds: 1)) == 0, "and not before")
            }
        }
        for unit in SendLimits.Unit.allCases {
            guard let limit = limits[unit] else { continue }
            #expect(Self.windows(sent, unit.span).values.allSatisfy { $0 <= limit }, "\(unit)")
        }
    }

    @Test func whatIsAskedForAllTheTimeGoesAtTheWholeRate() {
        let limits = SendLimits(perSecond: 7)
        var (quota, sent) = (Quota(), Int64(0))
        for tick in 0..<600 {
            let now = Self.start + Span(microseconds: Int64(tick) * 100_000)
            let granted = quota.available(under: limits, at: now) ?? 0
            quota.take(granted, at: now)
            sent += granted
        }
        #expect((420...427).contains(sent), "a minute of seven a second, of which the first second was part")
    }

    @Test func aHostWhoseClockLagsBeginsNoWindowAgain() {
        let limits = SendLimits(perMinute: 3)
        var quota = Quota()
        quota.take(3, at: Self.start + .seconds(3))
        #expect(quota.available(under: limits, at: Self.start) == 0)
        #expect(quota.available(under: limits, at: Self.start + .seconds(62)) == 3)
    }

    @Test func whatIsGivenBackAfterItsWindowIsGone() {
        let limits = SendLimits(perSecond: 2, perMinute: 10)
        var quota = Quota()
        quota.take(2, at: Self.start)
        quota.giveBack(2, takenAt: Self.start)
        #expect(quota.available(under: limits, at: Self.start) == 2)
        quota.take(2, at: Self.start)
        quota.take(2, at: Self.start + .seconds(1))
        quota.giveBack(2, takenAt: Self.start)
        #expect(quota.available(under: limits, at: Self.start + .seconds(1)) == 0, "this second's are taken")
        #expect(quota.available(under: SendLimits(perMinute: 10), at: Self.start + .seconds(1)) == 8)
    }

    @Test func whatWasTakenGoesBeforeTheEndOfItsShortestWindow() {
        let quota = Quota()
        #expect(quota.end(under: SendLimits(perSecond: 3), at: Self.start) == nil)
        #expect(
            quota.end(under: SendLimits(perMinute: 3, perDay: 9), at: Self.start)
                == Timestamp(iso8601: "2026-03-02T10:00:00Z"))
        #expect(quota.end(under: SendLimits(perDay: 9), at: Self.start) == Timestamp(iso8601: "2026-03-03T00:00:00Z"))
    }
}
