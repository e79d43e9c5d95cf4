@testable import Delivery
import Model
import Testing

/// Whose mailer is dead, whatever clocks say.
@Suite struct LeaseWatchTests {
    private static let claim = UniqueID(high: 1, low: 1)
    private static let noon = Timestamp(iso8601: "2026-03-02T12:00:00Z")!

    /// Looks as often, at a claim that expires at `expiresAt`; answers after how many looks it counts as dead.
    private func looks(
        upTo count: Int, expiresAt: (Int) -> Timestamp, machineNow: (Int) -> Timestamp
    ) async -> Int? {
        let watch = LeaseWatch(lease: .seconds(30))
        for number in 0..<count {
            let dead = await watch.look(at: [Self.claim: expiresAt(number)], machineNow: machineNow(number))
            if !dead.isEmpty { return number }
        }
        return nil
    }

    @Test func aDeadMailersClaimEndsWithItsLease() async {
        let end = Self.noon + .seconds(25)
        let looks = await looks(upTo: 100, expiresAt: { _ in end }, machineNow: { Self.noon + .seconds(Int64($0)) })
        #expect(looks == 26)
    }

    @Test(arguments: [-3600, 3600] as [Int64])
    func aClaimThatIsRenewedLivesHoweverFarTheClocksAreApart(seconds: Int64) async {
        let looks = await looks(
            upTo: 200, expiresAt: { Self.noon + .seconds(Int64($0 / 10 * 10) + 30) },
            machineNow: { Self.noon + .seconds(Int64($0) + seconds) })
        #expect(looks == nil)
    }

    @Test func aClaimFromAClockFarAheadIsNotHeldForLonger() async {
        let looks = await looks(
            upTo: 100, expiresAt: { _ in Self.noon + .days(365) }, machineNow: { Self.noon + .seconds(Int64($0)) })
        #expect(looks == 30)
    }

    /// As after a pause of this process, or a jump of its clock between two looks.
    @Test func aJumpBetweenTwoLooksKillsNobody() async {
        let looks = await looks(
            upTo: 60, expiresAt: { Self.noon + .seconds(Int64($0 / 10 * 10) + 30) },
            machineNow: { $0 < 15 ? Self.noon : Self.noon + .days(1) })
        #expect(looks == nil)
    }
}
