import Contracts
import Logging
import Messaging
import Metrics
import Model
import Postgres
public import ServiceLifecycle
import Store
public import Transit

/// Takes batches of events from the queue `events` and makes them facts.
///
/// A service of scoring; any number of processes may run it side by side.
public struct EventConsumer: Service {
    private let worker: Worker
    private let audience: AudienceWriter

    public init(worker: Worker) {
        self.worker = worker
        audience = AudienceWriter(worker: worker)
    }

    public func run() async throws {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .events, maximumBatch: (bodies: 128, bytes: 512 * 1024), prefetch: 192,
            setAside: { try await sink.keep($0, reason: $1) }, logger: worker.logger,
            handler: { await handle($0) })
        try await consumer.run()
    }

    /// Applies several bodies at once; one that cannot be read is set aside, and the rest goes on.
    func handle(_ deliveries: [Delivery]) async -> [Settlement] {
        var settlements = [Settlement](repeating: .ack, count: deliveries.count)
        var readable: [EventBatch] = []
        for (index, delivery) in deliveries.enumerated() {
            do {
                readable.append(try EventBatch(decoding: delivery.body))
            } catch {
                settlements[index] = .setAside(reason: "\(error)")
            }
        }
        guard let first = deliveries.first, !readable.isEmpty else { return settlements }
        do {
            try await apply(readable, lane: first.lane, alone: first.isSuspect)
        } catch {
            worker.logger.debug("events wait for the store", metadata: ["reason": "\(error)"])
            for index in settlements.indices where settlements[index] == .ack {
                settlements[index] = .retry(after: .milliseconds(500))
            }
        }
        return settlements
    }

    private func apply(_ batches: [EventBatch], lane: Lane, alone: Bool) async throws {
        let events = batches.flatMap(\.events)
        let flights = batches.map(\.id)
        let poison = try await worker.bisect(events[...], alone: alone) { part in
            try await audience.apply(part, arriving: part.count == events.count ? flights : [], lane: lane)
        }
        if !poison.isEmpty { try await setAside(poison.map { ($0.item, "\($0.fault)") }, lane: lane) }
        if !poison.isEmpty || alone || events.isEmpty {
            try await worker.pool.withConnection { try Flights.arrive(flights, in: $0) }
        }
    }

    /// Keeps single events that cannot become facts, each as a body of its own that can be replayed.
    private func setAside(_ poison: [(event: AcceptedEvent, reason: String)], lane: Lane) async throws {
        let items = poison.map { event, reason in
            SetAside.Item(
                body: EventBatch(id: .derived("loods.alone", "\(event.subjectID)", event.eventID), events: [event])
                    .encoded,
                queue: QueueName.events.rawValue, lane: lane.rawValue, reason: reason, attempts: 1,
                at: worker.clock.now)
        }
        worker.logger.error(
            "events were set aside", metadata: ["count": "\(items.count)", "reason": "\(poison[0].reason)"])
        Counter(label: "loods_set_aside_total", dimensions: [("queue", "events")]).increment(by: items.count)
        try await worker.pool.withConnection { try SetAside.add(items, in: $0) }
    }
}
