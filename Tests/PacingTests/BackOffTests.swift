import Model
import Pacing
import Testing

/// How mail to a site that puts it off is slowed down, and gets faster again.
@Suite struct BackOffTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private func deferred(_ backOff: inout BackOff, at now: Timestamp, _ perMinute: Int64, halves: Bool) {
        let isHalved = backOff.noteDeferral(at: now, perMinute: perMinute)
        #expect(isHalved == halves)
    }

    private static func slowed(_ perMinute: Int64 = 600) -> BackOff {
        var backOff = BackOff()
        for _ in 0..<BackOff.threshold { _ = backOff.noteDeferral(at: start, perMinute: perMinute) }
        return backOff
    }

    @Test func fiveDeferralsOnEndHalveTheRateAndFourDoNot() {
        var backOff = BackOff()
        for _ in 1..<BackOff.threshold { deferred(&backOff, at: Self.start, 600, halves: false) }
        backOff.noteAnswer()
        for _ in 1..<BackOff.threshold { deferred(&backOff, at: Self.start, 600, halves: false) }
        #expect(!backOff.isActive(at: Self.start))
        deferred(&backOff, at: Self.start, 600, halves: true)
        #expect(backOff.share(at: Self.start) == 500)
    }

    @Test func itIsHeldForAQuarterOfAnHourAndThenRisesByATenthEach() {
        let backOff = Self.slowed()
        func share(_ minutes: Int64) -> Int64 { backOff.share(at: Self.start + .minutes(minutes)) }
        #expect([0, 14, 15, 29, 30, 60, 74, 75, 76].map(share) == [500, 500, 600, 600, 700, 900, 900, 1000, 1000])
        #expect(backOff.endsAt == Self.start + .minutes(75))
    }

    @Test func whatWasUnderWaySaysNothingAndWhatComesLaterHalvesAgain() {
        var backOff = Self.slowed()
        for _ in 0..<20 { deferred(&backOff, at: Self.start + .seconds(30), 300, halves: false) }
        let later = Self.start + .minutes(20)
        for _ in 1..<BackOff.threshold { deferred(&backOff, at: later, 300, halves: false) }
        deferred(&backOff, at: later, 300, halves: true)
        #expect(backOff.share(at: later) == 300, "half of the 60 % that it had risen to")
        #expect(backOff.perMinute == 600, "of what went before all this")
    }

    @Test(arguments: [Int64(1), 7, 59, 60, 61, 600, 12_345])
    func theSecondsTogetherHaveTheShareOfWhatWentBefore(perMinute: Int64) {
        let backOff = Self.slowed(perMinute)
        let quotas = Quota(backOff: backOff)
        var (quota, sent) = (quotas, Int64(0))
        for second in Int64(0)..<840 {
            let now = Self.start + .seconds(second)
            let granted = quota.available(under: SendLimits(), at: now) ?? .max
            quota.take(granted, at: now)
            sent += granted
        }
        let wanted = perMinute * 14 / 2
        #expect(abs(sent - wanted) <= 1, "fourteen minutes at half the rate")
    }

    @Test func aRateOfLessThanOneASecondOpensInItsTime() {
        var quota = Quota(backOff: Self.slowed(2))
        var (now, sent) = (Self.start, [Timestamp]())
        while now < Self.start + .minutes(10) {
            let next = quota.opens(under: SendLimits(), at: now)
            #expect(quota.available(under: SendLimits(), at: next) == 1)
            quota.take(1, at: next)
            sent.append(next)
            now = next
        }
        #expect((10...11).contains(sent.count), "one a minute")
    }

    @Test func itGetsNoSlowerThanAHundredth() {
        var (backOff, now) = (BackOff(), Self.start)
        for _ in 0..<100 {
            _ = backOff.noteDeferral(at: now, perMinute: 600)
            now = now + .minutes(2)
        }
        #expect(backOff.lowered >= 10)
    }
}
