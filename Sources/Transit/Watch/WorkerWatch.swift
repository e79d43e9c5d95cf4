import Logging
public import Messaging
import Model
import Postgres
public import ServiceLifecycle
public import ServiceRuntime
import Store

/// Keeps the gauges of a process fresh, and tells the table `workers` that it lives: for `/metrics` and `loods status`.
///
/// A service. One row a process, written every few seconds whatever happens: who is killed is no longer heard of.
public struct WorkerWatch: Service {
    /// How often a process says that it lives, and looks at queues and store.
    public static let interval = Duration.seconds(5)

    private let worker: Worker
    private let watched: Watched
    private let context: ServiceContext
    private let queues: QueueWatch
    private let store: StoreWatch
    private let id = UniqueID.random()
    private let startedAt: Timestamp

    /// - Parameter publishers: those that the service has beside the worker's own.
    public init(worker: Worker, watched: Watched, context: ServiceContext, publishers: [Publisher] = []) {
        self.worker = worker
        self.watched = watched
        self.context = context
        queues = QueueWatch(intake: worker.intake, publishers: [worker.publisher] + publishers, watched: watched)
        store = StoreWatch(pool: worker.pool, clock: worker.clock, watched: watched)
        startedAt = worker.clock.now
    }

    public func run() async throws {
        let meter = WorkMeter()
        await look(meter)
        await every(Self.interval) { await look(meter) }
        guard worker.storeHasFitted else { return }
        // Best effort: else it is forgotten in an hour.
        try? await worker.pool.withConnection(deadline: .seconds(1)) { [id] in try Workers.forget(id, in: $0) }
    }

    private func look(_ meter: WorkMeter) async {
        await queues.look()
        let (rate, beat) = await meter.rate(context.sum(of: watched.work), at: .now)
        // Counting costs more than a heartbeat.
        if worker.storeHasFitted, beat.isMultiple(of: 3) { await store.look() }
        guard worker.storeHasFitted else { return }
        let faults = await context.readiness.report().compactMap(\.check.reason)
        let entry = Workers.Entry(
            id: id, service: watched.service, host: context.host, pid: context.pid, startedAt: startedAt,
            seenAt: worker.clock.now, rate: rate, waitsFor: faults.isEmpty ? nil : faults.joined(separator: "; "),
            oldest: await queues.oldest)
        do {
            try await worker.pool.withConnection(within: .seconds(5), deadline: .seconds(2)) {
                try Workers.note(entry, in: $0)
            }
        } catch {
            worker.note(error, "the heartbeat waits for the store")
        }
    }
}

/// Items a second between two looks.
private actor WorkMeter {
    private var last: (sum: Double, at: ContinuousClock.Instant)?
    private var beats = 0

    /// The rate since the last beat, and how many there were before this one.
    func rate(_ sum: Double, at now: ContinuousClock.Instant) -> (rate: Double, beat: Int) {
        defer {
            last = (sum, now)
            beats += 1
        }
        guard let last, now > last.at else { return (0, beats) }
        return (((sum - last.sum) / ((now - last.at) / .seconds(1)) * 10).rounded() / 10, beats)
    }
}

extension Readiness.Check {
    fileprivate var reason: String? {
        switch self {
        case .ready: nil
        case .notReady(let reason), .limited(let reason): reason
        }
    }
}
