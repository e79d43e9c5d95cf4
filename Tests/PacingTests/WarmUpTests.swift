import Model
import Pacing
import Testing

/// How a plan of warming up goes on from day to day.
@Suite struct WarmUpTests {
    private static let start = Timestamp(iso8601: "2026-03-02T15:00:00Z")!

    private static func next(_ progress: WarmUp.Progress, _ plan: WarmUp = WarmUp(from: 50), days: Int64 = 1) -> Int32 {
        var progress = progress
        plan.begin(start + .days(days), &progress)
        return progress.step
    }

    private static func day(
        sent: Int64, deferred: Int64 = 0, complaints: Int64 = 0, step: Int32 = 0
    ) -> WarmUp.Progress {
        var progress = WarmUp.Progress()
        WarmUp(from: 50).begin(start, &progress)
        progress.step = step
        (progress.sent, progress.deferred, progress.complaints) = (sent, deferred, complaints)
        return progress
    }

    @Test func itDoublesEachDayThatReceiversAreContentWith() {
        let plan = WarmUp(from: 50, to: 1_000)
        #expect((0...5).map { plan.allowance(atStep: $0) } == [50, 100, 200, 400, 800, nil])
        #expect(Self.next(Self.day(sent: 50)) == 1)
        #expect(Self.next(Self.day(sent: 50), days: 0) == 0, "not within the day")
        #expect(Self.next(Self.day(sent: 50), days: 9) == 1, "days without mail make nobody known")
    }

    @Test func deferralsAndComplaintsKeepIt() {
        #expect(Self.next(Self.day(sent: 100, deferred: 4, step: 1)) == 2)
        #expect(Self.next(Self.day(sent: 100, deferred: 5, step: 1)) == 1, "5 %")
        #expect(Self.next(Self.day(sent: 3_000, complaints: 2, step: 6)) == 7)
        #expect(Self.next(Self.day(sent: 3_000, complaints: 3, step: 6)) == 6, "0.1 %")
    }

    @Test func aDayThatWasHardlyUsedIsNoStep() {
        #expect(Self.next(Self.day(sent: 24)) == 0)
        #expect(Self.next(Self.day(sent: 25)) == 1)
    }

    @Test func theCountsAreThoseOfOneDay() {
        var progress = Self.day(sent: 50, deferred: 1)
        WarmUp(from: 50).begin(Self.start + .days(1), &progress)
        #expect((progress.sent, progress.deferred, progress.complaints) == (0, 0, 0))
        #expect(WarmUp(from: 1_000_000).allowance(atStep: 62) == WarmUp(from: 1_000_000).allowance(atStep: 40))
    }
}
