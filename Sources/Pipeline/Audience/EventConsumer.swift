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
    private let liveWork: LiveWork

    private static let most = (bodies: 128, bytes: 512 * 1024)

    public init(worker: Worker, liveWork: LiveWork = LiveWork()) {
        self.worker = worker
        self.liveWork = liveWork
        audience = AudienceWriter(worker: worker)
    }

    public func run() async throws {
        let sink = worker.setAside
        let consumer = Consumer(
            on: worker.intake, queue: .events, maximumBatch: Self.most, prefetch: 192,
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
        let bytes = deliveries.reduce(0) { $0 + $1.body.count }
        let isPiledUp = 2 * deliveries.count > Self.most.bodies || 2 * bytes > Self.most.bytes
        if first.lane == .live { await liveWork.begin(isPiledUp: isPiledUp) }
        do {
            try await apply(readable, lane: first.lane, alone: first.isSuspect)
        } catch {
            worker.logger.debug("events wait for the store", metadata: ["reason": "\(error)"])
            for index in settlements.indices where settlements[index] == .ack {
                settlements[index] = .retry(after: .milliseconds(500))
            }
        }
        if first.lane == .live { await liveWork.end() }
        return settlements
    }

    private func apply(_ batches: [EventBatch], lane: Lane, alone: Bool) async throws {
        let events = batches.flatMap(\.events)
        let flights = batches.map(\.id)
        let name = { (event: AcceptedEvent) in event.alone(lane.rawValue).id }
        let poison = try await worker.bisect(events[...], alone: alone ? name : nil) { part in
            try await audience.apply(part, arriving: part.count == events.count ? flights : [], lane: lane)
        }
        if !poison.isEmpty { try await setAside(poison, lane: lane) }
        if !poison.isEmpty || alone || events.isEmpty {
            try await worker.pool.withConnection { try Flights.arrive(flights, in: $0) }
        }
    }

    /// Keeps single events that cannot become facts, each as a body of its own that can be replayed.
    private func setAside(_ poison: [(item: AcceptedEvent, fault: any Error)], lane: Lane) async throws {
        let items = poison.map { event, fault in
            var item = event.alone(lane.rawValue)
            (item.reason, item.setAsideAt) = ("\(fault)", worker.clock.now)
            return item.tried(by: worker, fault)
        }
        worker.logger.error(
            "events were set aside", metadata: ["count": "\(items.count)", "reason": "\(poison[0].fault)"])
        Counter(label: "loods_set_aside_total", dimensions: [("queue", "events")]).increment(by: items.count)
        try await worker.pool.withConnection { try SetAside.add(items, in: $0) }
    }
}

extension AcceptedEvent {
    /// The event as it is set aside, for want of a reason so far.
    func alone(_ lane: String) -> SetAside.Item {
        let body = EventBatch(id: .derived("loods.alone", "\(subjectID)", eventID), events: [self]).encoded
        return SetAside.Item(
            body: body, queue: QueueName.events.rawValue, lane: lane, reason: "", attempts: 1, at: receivedAt)
    }
}
