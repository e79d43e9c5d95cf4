import CoreMetrics
public import Logging
import Metrics
public import Model
public import ServiceLifecycle
public import Store
import Synchronization
public import Transit

/// Holds keys to their rates and workspaces to their quotas, together with all other ingest processes.
///
/// Events are counted in memory, against slices that are taken from the store about once a second: the store is not on
/// their path. The slices of all processes never come to more than the limit. What a process may let in beyond them is one
/// batch, and a quarter-second of its share of the rate (of a quota a hundredth, a thousand events at most) when it first
/// meets a key; both are booked with the next exchange and paid back. While the store is away, each goes on with an even
/// share of the rate, and of what it last knew to be left of the quota.
///
/// A `Service`: list it before the server that asks it.
public final class SharedLimits: Service {
    /// What one exchange with the store brings.
    public struct Answer: Sendable {
        public var rates: [SliceGrant]
        public var quotas: [QuotaUse.Grant]
        /// How many ingest processes live.
        public var processes: Int

        public init(rates: [SliceGrant], quotas: [QuotaUse.Grant], processes: Int) {
            self.rates = rates
            self.quotas = quotas
            self.processes = processes
        }
    }

    /// The exchange with the store, in one transaction; throws while it is away.
    public typealias Exchange =
        @Sendable (_ rates: [KeyAllowances.Ask], _ quotas: [QuotaUse.Ask], _ machineNow: Timestamp) async throws ->
        Answer

    let state: Mutex<LimitLedger>
    private let exchange: Exchange
    private let leave: @Sendable () async -> Void
    private let clock: MachineClock
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    private static let pause = Duration.milliseconds(100)
    /// Where there is nothing to exchange, only that the process lives.
    private static let quietTicks = 5

    /// - Parameters:
    ///   - now: machine time; tests pass their own.
    ///   - leave: takes the process out of those that live.
    public init(
        clock: MachineClock, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        logger: Logger, exchange: @escaping Exchange, leave: @escaping @Sendable () async -> Void = {}
    ) {
        self.clock = clock
        self.now = now
        self.logger = logger
        self.exchange = exchange
        self.leave = leave
        state = Mutex(LimitLedger(at: now()))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many ingest processes live, this one included, as far as it knows.
    var processes: Int { state.withLock { $0.processes } }

    /// Whether events of a key may come in now; costs nothing.
    ///
    /// - Throws: `EdgeError`, 429, that says which limit is reached and when to try again.
    func check(_ key: WriteKey) throws(EdgeError) { try decide(key, 0) }

    /// Takes in all of `events` or none.
    ///
    /// - Throws: `EdgeError`, 429, that says which limit is reached and when to try again.
    func take(_ events: Int, of key: WriteKey) throws(EdgeError) { try decide(key, Int64(events)) }

    /// The events did not come in after all.
    func giveBack(_ events: Int, of key: WriteKey) {
        state.withLock { $0.giveBack(Int64(events), of: key) }
    }

    private func decide(_ key: WriteKey, _ events: Int64) throws(EdgeError) {
        if key.rate == nil, key.quota.isNone { return }
        let machineNow = clock.now
        let (verdict, isLow) = state.withLock { ledger in
            (ledger.decide(events, of: key, machineNow: machineNow), ledger.isLow(key))
        }
        if isLow { wake.yield() }
        switch verdict {
        case .open: return
        case .rate(let seconds):
            RefusalMetrics.rate.increment()
            throw EdgeError(
                .rateLimited, "the write key has a limit of \(key.rate ?? 0) events a second", retryAfter: seconds)
        case .quota(let seconds):
            RefusalMetrics.quota.increment()
            throw EdgeError(
                .quotaExceeded, "the workspace's quota of events for this period is used up", retryAfter: seconds)
        }
    }

    // MARK: The exchange

    /// Exchanges slices about once a second, and sooner where one runs low, until graceful shutdown; then gives all back.
    public func run() async throws {
        async let ticking: Void = every(.seconds(1)) { self.wake.yield() }
        var ticks = 0
        for await _ in wakes.cancelOnGracefulShutdown() {
            ticks += 1
            if ticks % Self.quietTicks == 1 || state.withLock({ !$0.isEmpty }) { await exchangeNow() }
            try? await Task.sleep(for: Self.pause)
        }
        await ticking
        state.withLock { $0.close() }
        await exchangeNow()
        await leave()
    }

    /// One exchange; what it fails to bring is made up for by this process's own share.
    func exchangeNow() async {
        let machineNow = clock.now
        let asks = state.withLock { $0.begin(at: now(), machineNow: machineNow) }
        do {
            let answer = try await exchange(asks.rates.map(\.ask), asks.quotas.map(\.ask), machineNow)
            state.withLock { $0.finish(asks, answer, at: now()) }
        } catch {
            logger.debug("limits go on without the store", metadata: ["reason": "\(error)"])
            state.withLock { $0.fail(asks, at: now()) }
        }
    }
}

/// Requests refused for a limit, by which.
enum RefusalMetrics {
    static let rate = counter("rate")
    static let quota = counter("quota")
    static let address = counter("address")

    private static func counter(_ limit: String) -> Counter {
        Counter(label: "loods_ingest_refused_total", dimensions: [("limit", limit)])
    }
}
