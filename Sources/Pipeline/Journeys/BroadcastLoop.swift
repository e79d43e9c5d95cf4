import Logging
import Messaging
import Metrics
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Lets runs begin that a schedule or a throttle holds: looks for broadcasts whose time has come and walks their segments, and
/// for runs whose turn has come, and decides tests that the process has met.
///
/// A service of the scheduler; any number of processes may run it side by side. Triggered work comes first: while live signals
/// wait in the broker, or timers are late, this process goes to no more than a hundred members a second.
public struct BroadcastLoop: Service {
    /// Members in one transaction: whoever needs one of these contacts waits for no longer than that takes.
    static let batch: Int32 = 500
    /// Members a second while live work waits.
    static let share: Int32 = 100
    /// So long runs begin that a throttle let wait, before broadcasts go on.
    private static let turnTime = Duration.milliseconds(200)
    private static let lagInterval = Duration.seconds(5)
    /// What goes on failing is said so often.
    private static let faultInterval = Duration.seconds(60)

    private let worker: Worker
    private let journeys: JourneyWriter
    private let lag = Gauge(label: "loods_broadcast_lag_seconds")
    private let last = LastTimes()

    /// - Parameter desk: what the loops of a process share; nil: each decides what it meets.
    public init(worker: Worker, desk: TestDesk? = nil) {
        self.worker = worker
        journeys = JourneyWriter(worker: worker, desk: desk)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        await worker.everyDue(.milliseconds(200)) {
            do {
                await journeys.decideTests()
                if await last.isTime(for: .throttles, every: .seconds(1)) { try await journeys.relaxTurns() }
                try await journeys.takeTurns(for: Self.turnTime)
                try await open()
                try await walk()
                if await last.isTime(for: .lag, every: Self.lagInterval) { try await showLag() }
            } catch {
                lag.record(Double.nan)
                worker.note(error, "broadcasts wait for the store")
            }
        }
    }

    private func open() async throws {
        let faults = try await journeys.openBroadcasts()
        guard let first = faults.first, await last.isTime(for: .fault, every: Self.faultInterval) else { return }
        worker.logger.error(
            "broadcasts cannot begin",
            metadata: ["count": "\(faults.count)", "journey": "\(first.journey)", "reason": "\(first.reason)"])
    }

    private func walk() async throws {
        while !Task.isShuttingDownGracefully, try await journeys.hasBroadcasts() {
            await journeys.decideTests()
            var limit = Self.batch
            if try await journeys.liveWaits() {
                guard await last.isTime(for: .share, every: .seconds(1)) else { return }
                limit = Self.share
            }
            guard try await journeys.walkBroadcast(limit: limit) > 0 else { return }
        }
    }

    private func showLag() async throws {
        let span = try await worker.pool.withTransaction { session in
            try BroadcastDirectory.lag(at: try DomainClock.read(in: session), in: session)
        }
        lag.record(Double(span?.microseconds ?? 0) / 1_000_000)
    }
}

/// When things were done last.
private actor LastTimes {
    enum Thing: Hashable { case lag, share, fault, throttles }

    private var times: [Thing: ContinuousClock.Instant] = [:]

    func isTime(for thing: Thing, every interval: Duration) -> Bool {
        let now = ContinuousClock.now
        if let last = times[thing], now - last < interval { return false }
        times[thing] = now
        return true
    }
}
