import Contracts
import Logging
import Messaging
import Metrics
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Takes signals from the queue `signals` and lets journeys act on them.
///
/// A service of the scheduler; any number of processes may run it side by side.
public struct SignalConsumer: Service {
    private let worker: Worker
    private let journeys: JourneyWriter

    public init(worker: Worker) {
        self.worker = worker
        journeys = JourneyWriter(worker: worker)
    }

    public func run() async throws {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .signals, maximumBatch: (bodies: 64, bytes: 256 * 1024), prefetch: 96,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger,
            handler: { await handle($0) })
        try await consumer.run()
    }

    func handle(_ deliveries: [Delivery]) async -> [Settlement] {
        var settlements = [Settlement](repeating: .ack, count: deliveries.count)
        var readable: [SignalBatch] = []
        for (index, delivery) in deliveries.enumerated() {
            do {
                readable.append(try SignalBatch(decoding: delivery.body))
            } catch {
                settlements[index] = .setAside(reason: "\(error)")
            }
        }
        guard let first = deliveries.first, !readable.isEmpty else { return settlements }
        do {
            try await apply(readable, lane: first.lane, alone: first.isSuspect)
        } catch {
            worker.logger.debug("signals wait for the store", metadata: ["reason": "\(error)"])
            for index in settlements.indices where settlements[index] == .ack {
                settlements[index] = .retry(after: .milliseconds(500))
            }
        }
        return settlements
    }

    private func apply(_ batches: [SignalBatch], lane: Lane, alone: Bool) async throws {
        let signals = batches.flatMap(\.signals)
        let flights = batches.map(\.id)
        let poison = try await worker.bisect(signals[...], alone: alone) { part in
            try await journeys.apply(part, arriving: part.count == signals.count ? flights : [], lane: lane)
        }
        if !poison.isEmpty { try await setAside(poison.map { ($0.item, "\($0.fault)") }, lane: lane) }
        if !poison.isEmpty || alone || signals.isEmpty {
            try await worker.pool.withConnection { try Flights.arrive(flights, in: $0) }
        }
    }

    private func setAside(_ poison: [(signal: Signal, reason: String)], lane: Lane) async throws {
        let items = poison.map { signal, reason in
            SetAside.Item(
                body: SignalBatch(id: signal.idAlone, signals: [signal]).encoded, queue: QueueName.signals.rawValue,
                lane: lane.rawValue, reason: reason, attempts: 1, at: worker.clock.now)
        }
        worker.logger.error(
            "signals were set aside", metadata: ["count": "\(items.count)", "reason": "\(poison[0].reason)"])
        Counter(label: "loods_set_aside_total", dimensions: [("queue", "signals")]).increment(by: items.count)
        try await worker.pool.withConnection { try SetAside.add(items, in: $0) }
    }
}
