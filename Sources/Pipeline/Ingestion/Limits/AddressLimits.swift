import CoreMetrics
import Networks
import Synchronization

/// How many requests an address may bring of those that anybody can send: with a public key, or without a valid one.
///
/// A token bucket of two seconds for each address (of IPv6: each /64), of this process alone: an even share of the limit.
/// Whoever has no valid key pays tenfold, so that guessing keys is slow and asks the store little. A server's key is not
/// held to it, since a server sends much from one address, and is held to its own rate.
final class AddressLimits: Sendable {
    /// What guessing a key costs.
    static let costOfAStranger = 10.0

    private struct Bucket {
        var level: Double
        var at: ContinuousClock.Instant
    }

    /// Two generations, so that forgetting costs nothing: whoever is in neither has a full bucket.
    private struct Generations {
        var young: [NetworkAddress: Bucket] = [:]
        var old: [NetworkAddress: Bucket] = [:]
    }

    private static let generation = 50_000

    /// Requests a second of one address over all processes; nil: as many as come.
    private let rate: Int?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let generations = Mutex(Generations())

    init(rate: Int?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.rate = rate
        self.now = now
    }

    /// Takes a request in.
    ///
    /// - Parameter processes: among how many the limit is divided.
    /// - Throws: `EdgeError`, 429.
    func take(_ address: NetworkAddress?, processes: Int) throws(EdgeError) {
        guard let rate, let address else { return }
        let perSecond = Double(rate) / Double(processes)
        let isOpen = change(address, perSecond) { bucket in
            guard bucket.level > 0 else { return false }
            bucket.level -= 1
            return true
        }
        guard !isOpen else { return }
        RefusalMetrics.address.increment()
        throw EdgeError(
            .rateLimited, "more requests come from this address than may",
            retryAfter: max(1, min(60, Int((Self.costOfAStranger / perSecond).rounded(.up)))))
    }

    /// The request taken in had no valid key.
    func punish(_ address: NetworkAddress?, processes: Int) {
        guard let rate, let address else { return }
        change(address, Double(rate) / Double(processes)) { $0.level -= Self.costOfAStranger - 1 }
    }

    @discardableResult
    private func change<R: Sendable>(
        _ address: NetworkAddress, _ perSecond: Double, _ body: (inout Bucket) -> R
    ) -> R {
        let (subscriber, now) = (address.subscriber, now())
        let depth = max(1, perSecond * 2)
        return generations.withLock { generations in
            if generations.young.count >= Self.generation {
                (generations.old, generations.young) = (generations.young, [:])
            }
            var bucket =
                generations.young[subscriber] ?? generations.old[subscriber] ?? Bucket(level: depth, at: now)
            let elapsed = Double((now - bucket.at).milliseconds) / 1000
            if elapsed > 0 {
                bucket.level = min(depth, bucket.level + perSecond * elapsed)
                bucket.at = now
            }
            defer { generations.young[subscriber] = bucket }
            return body(&bucket)
        }
    }
}
