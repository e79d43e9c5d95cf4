@testable import Delivery
import Synchronization
import TestSupport
import Testing

/// That a site which stalls leaves connections to the others.
@Suite struct SiteWatchTests {
    private final class Hand: Sendable {
        private let instant = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { instant.withLock { $0 } }
        func pass(_ span: Duration) { instant.withLock { $0 += span } }
    }

    @Test func oneSiteHoldsThreeQuartersAndAStalledOneIsTurnedAway() async throws {
        let hand = Hand()
        let watch = SiteWatch(connections: 8, patience: .seconds(10), now: { hand.now })
        for _ in 0..<6 { #expect(await watch.enter("slow")) }
        async let turnedAway = watch.enter("slow")
        await untilWaiting(watch)
        #expect(await watch.enter("other"), "a quarter is left to others")
        watch.leave("other")
        watch.look()
        #expect(watch.stalled.isEmpty)
        hand.pass(.seconds(11))
        #expect(watch.stalled == ["slow"])
        watch.look()
        #expect(await !turnedAway)
        #expect(await !watch.enter("slow"), "nothing more is begun")
        #expect(await watch.enter("other"))
        watch.leave("slow")
        #expect(watch.stalled.isEmpty, "it answers again")
        #expect(await watch.enter("slow"))
    }

    @Test func whoWaitsGetsThePlaceOfWhoLeaves() async throws {
        let watch = SiteWatch(connections: 1)
        #expect(await watch.enter("a"))
        async let second = watch.enter("a")
        await untilWaiting(watch)
        watch.leave("a")
        #expect(await second)
        watch.leave("a")
        #expect(await watch.enter("a"))
    }

    private final class Log: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test func whatGoesFirstOvertakesWhatWaits() async throws {
        let watch = SiteWatch(connections: 1)
        #expect(await watch.enter("a"))
        let entered = Log()
        await withTaskGroup(of: Void.self) { group in
            for (count, name) in ["bulk", "more bulk", "live", "more live"].enumerated() {
                group.addTask {
                    guard await watch.enter("a", goesFirst: name.hasSuffix("live")) else { return }
                    entered.names.withLock { $0.append(name) }
                    watch.leave("a")
                }
                await untilWaiting(watch, count + 1)
            }
            watch.leave("a")
        }
        #expect(entered.names.withLock { $0 } == ["live", "more live", "bulk", "more bulk"])
    }

    private func untilWaiting(_ watch: SiteWatch, _ count: Int = 1) async {
        while watch.waitingCount < count { await Task.yield() }
    }
}
