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

    /// - Parameter desk: what the loops of a process share; nil: each decides what it meets.
    public init(worker: Worker, desk: TestDesk? = nil) {
        self.worker = worker
        journeys = JourneyWriter(worker: worker, desk: desk)
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
        let name = { (signal: Signal) in signal.alone(lane).id }
        let poison = try await worker.bisect(signals[...], alone: alone ? name : nil) { part in
            try await journeys.apply(part, arriving: part.count == signals.count ? flights : [], lane: lane)
        }
        if !poison.isEmpty { try await setAside(poison, lane: lane) }
        if !poison.isEmpty || alone || signals.isEmpty {
            try await worker.pool.withConnection { try Flights.arrive(flights, in: $0) }
        }
    }

    private func setAside(_ poison: [(item: Signal, fault: any Error)], lane: Lane) async throws {
        let items = poison.map { signal, fault in
            var item = signal.alone(lane)
            (item.reason, item.setAsideAt) = ("\(fault)", worker.clock.now)
            return item.tried(by: worker, fault)
        }
        worker.logger.error(
            "signals were set aside", metadata: ["count": "\(items.count)", "reason": "\(poison[0].fault)"])
        Counter(label: "loods_set_aside_total", dimensions: [("queue", "signals")]).increment(by: items.count)
        try await worker.pool.withConnection { try SetAside.add(items, in: $0) }
    }
}

extension Signal {
    /// The signal as it is set aside, for want of a reason so far.
    fileprivate func alone(_ lane: Lane) -> SetAside.Item {
        SetAside.Item(
            body: SignalBatch(id: idAlone, signals: [self]).encoded, queue: QueueName.signals.rawValue,
            lane: lane.rawValue, reason: "", attempts: 1, at: at)
    }
}
