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

    private static let most = (bodies: 128, bytes: 1024 * 1024)

    /// How a batch is applied: in shares of `size` events or more, at most `count` of them, side by side.
    struct Shares {
        var count = 2
        var size = 200
    }
    private let shares: Shares

    public init(worker: Worker, liveWork: LiveWork = LiveWork()) {
        self.init(worker: worker, liveWork: liveWork, shares: Shares())
    }

    init(worker: Worker, liveWork: LiveWork = LiveWork(), shares: Shares) {
        self.shares = shares
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

    /// While one transaction waits for the store, another is prepared: so a batch is shared out. Each share is all or
    /// nothing, and harmless when it comes again; bodies are settled when all of theirs is done.
    private func apply(_ batches: [EventBatch], lane: Lane, alone: Bool) async throws {
        let events = batches.flatMap(\.events)
        let flights = batches.map(\.id)
        let count = alone ? 1 : min(shares.count, events.count / shares.size)
        let shares = audience.merges.shares(of: events, among: count)
        let isWhole = shares.count == 1
        let poison = try await withTaskGroup { group in
            for share in shares {
                group.addTask { await outcome(of: share, arriving: isWhole ? flights : [], lane: lane, alone: alone) }
            }
            return await group.reduce(into: [Outcome]()) { $0.append($1) }
        }.flatMap { try $0.get() }
        if !poison.isEmpty { try await setAside(poison, lane: lane) }
        if !poison.isEmpty || alone || events.isEmpty || !isWhole && worker.clockMode == .stepped {
            try await worker.pool.withConnection { try Flights.arrive(flights, in: $0) }
        }
    }

    private typealias Poison = (item: AcceptedEvent, fault: any Error)
    private typealias Outcome = Result<[Poison], any Error>

    /// Applies one share. What becomes of it stops no other.
    private func outcome(
        of events: [AcceptedEvent], arriving flights: [UniqueID], lane: Lane, alone: Bool
    ) async -> Outcome {
        let name = { (event: AcceptedEvent) in event.alone(lane.rawValue).id }
        do {
            return .success(
                try await worker.bisect(events[...], alone: alone ? name : nil) { part in
                    try await audience.apply(part, arriving: part.count == events.count ? flights : [], lane: lane)
                })
        } catch {
            return .failure(error)
        }
    }

    /// Keeps single events that cannot become facts, each as a body of its own that can be replayed.
    private func setAside(_ poison: [Poison], lane: Lane) async throws {
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
