import AMQP
public import Logging
public import ServiceLifecycle
import Synchronization

/// Takes bodies from a queue, hands them to a handler in batches, and settles each as the handler says.
///
/// A `Service`. Live goes before bulk, and one batch is under way at a time, made of what is already there. A batch
/// in which something is retried stays unacknowledged, in place, and is given back only before the broker would take
/// it: after 20 minutes. On graceful shutdown it takes nothing new, finishes the batch under way, acknowledges it, and
/// lets the broker have the rest. While the broker is away it waits for it.
public final class Consumer: Service, Sendable {
    /// Called with one or several deliveries of one lane, in the order of the queue; a suspect one comes alone.
    ///
    /// Answers a settlement for each, in the same order. Must end: nothing else is taken meanwhile.
    public typealias Handler = @Sendable ([Delivery]) async -> [Settlement]
    /// Keeps a delivery with its reason; once it returns the delivery is acknowledged, when it throws it is called
    /// again.
    public typealias SetAside = @Sendable (Delivery, _ reason: String) async throws -> Void

    private let broker: BrokerConnection
    private let queue: QueueName
    private let limits: Intake.Limits
    private let prefetch: UInt16
    private let logger: Logger
    private let handler: Handler
    private let setAside: SetAside
    private let metrics: [Lane: ConsumerMetrics]
    /// The session's mailbox, and whether shutdown has begun.
    private let current = Mutex<(mailbox: Mailbox?, isStopping: Bool)>((nil, false))

    /// - Parameters:
    ///   - broker: may be shared with other consumers, never with a publisher.
    ///   - maximumBatch: bounds on one call of the handler; a larger body comes alone.
    ///   - prefetch: bodies that may be here unacknowledged, a lane; more than one batch keeps the handler busy.
    public init(
        on broker: BrokerConnection, queue: QueueName, maximumBatch: (bodies: Int, bytes: Int), prefetch: Int,
        setAside: @escaping SetAside, logger: Logger, handler: @escaping Handler
    ) {
        self.broker = broker
        self.queue = queue
        limits = Intake.Limits(bodies: max(1, maximumBatch.bodies), bytes: maximumBatch.bytes)
        self.prefetch = UInt16(clamping: max(1, prefetch))
        self.logger = logger
        self.handler = handler
        self.setAside = setAside
        metrics = .init(uniqueKeysWithValues: queue.lanes.map { ($0, ConsumerMetrics(queue, $0)) })
    }

    /// A consumer with a connection of its own.
    public convenience init(
        _ configuration: BrokerConfiguration, queue: QueueName, maximumBatch: (bodies: Int, bytes: Int),
        prefetch: Int, setAside: @escaping SetAside, logger: Logger, handler: @escaping Handler
    ) {
        self.init(
            on: BrokerConnection(configuration.named("consume-\(queue)"), logger: logger), queue: queue,
            maximumBatch: maximumBatch, prefetch: prefetch, setAside: setAside, logger: logger, handler: handler)
    }

    /// Whether bodies can be consumed at this moment.
    public var availability: BrokerAvailability { broker.availability }

    /// Consumes until graceful shutdown or cancellation.
    public func run() async throws {
        let membership = broker.join()
        await withGracefulShutdownHandler {
            while !isStopping, !Task.isCancelled {
                guard let connection = await connect() else { continue }
                await consume(connection)
            }
        } onGracefulShutdown: {
            self.stop()
        }
        await broker.leave(membership)
    }

    private var isStopping: Bool { current.withLock { $0.isStopping } }

    private func stop() {
        let mailbox = current.withLock { current in
            current.isStopping = true
            return current.mailbox
        }
        mailbox?.stop()
    }

    private func connect() async -> AMQPConnection? {
        try? await cancelWhenGracefulShutdown { try await self.broker.connection() }
    }

    // MARK: One connection's session

    private func consume(_ connection: AMQPConnection) async {
        let mailbox = Mailbox(limits: limits)
        let isStopping = current.withLock { current in
            current.mailbox = mailbox
            return current.isStopping
        }
        if isStopping { return }
        var consumers: [Lane: AMQPConsumer] = [:]
        do {
            try await subscribe(connection, mailbox, &consumers)
            await loop(mailbox, consumers)
        } catch {
            logger.warning("a queue cannot be consumed", metadata: ["queue": "\(queue)", "error": "\(error)"])
        }
        await finish(mailbox, consumers, connection)
    }

    private func subscribe(
        _ connection: AMQPConnection, _ mailbox: Mailbox, _ consumers: inout [Lane: AMQPConsumer]
    ) async throws(AMQPError) {
        for lane in queue.lanes {
            let queue = queue
            consumers[lane] = try await connection.consume(queue: queue.name(in: lane), prefetch: prefetch) {
                mailbox.post($0, queue: queue, lane: lane)
            }
        }
    }

    private func loop(_ mailbox: Mailbox, _ consumers: [Lane: AMQPConsumer]) async {
        while mailbox.ending == nil, !Task.isCancelled {
            switch mailbox.intake({ $0.next(now: .now) }) {
            case .hand(let lane, let deliveries):
                await hand(deliveries, lane, mailbox, consumers[lane])
            case .setAside(let lane, let id, let delivery, let reason):
                let succeeded = await putAside(delivery, reason)
                let tag = mailbox.intake { $0.wasSetAside(id, succeeded: succeeded, lane: lane, now: .now) }
                if let tag { await consumers[lane]?.ack(tag, multiple: true) }
            case .giveBack(let lane, let tag):
                logger.warning("deliveries held too long go back", metadata: ["queue": "\(queue)", "lane": "\(lane)"])
                metrics[lane]?.count(.givenBack)
                await consumers[lane]?.nack(tag, multiple: true)
            case .wait(let deadline):
                await mailbox.wait(until: deadline)
            case .finish:
                return
            }
        }
    }

    private func hand(
        _ deliveries: [Delivery], _ lane: Lane, _ mailbox: Mailbox, _ consumer: AMQPConsumer?
    ) async {
        let start = ContinuousClock.now
        let settlements = await handler(deliveries)
        let end = ContinuousClock.now
        metrics[lane]?.handled(settlements, after: end - start)
        if settlements.count != deliveries.count {
            logger.error("a handler left deliveries unsettled", metadata: ["queue": "\(queue)"])
        }
        let tag = mailbox.intake { $0.handled(settlements, lane: lane, now: end) }
        if let tag { await consumer?.ack(tag, multiple: true) }
    }

    private func putAside(_ delivery: Delivery, _ reason: String) async -> Bool {
        do {
            try await setAside(delivery, reason)
            logger.warning("a delivery was set aside", metadata: ["queue": "\(queue)", "reason": "\(reason)"])
            return true
        } catch {
            logger.warning("setting aside failed", metadata: ["queue": "\(queue)", "error": "\(error)"])
            return false
        }
    }

    /// Acknowledges what is done and gives back the rest, in the queue's order.
    private func finish(
        _ mailbox: Mailbox, _ consumers: [Lane: AMQPConsumer], _ connection: AMQPConnection
    ) async {
        current.withLock { $0.mailbox = nil }
        for (lane, consumer) in consumers {
            for tag in mailbox.intake({ $0.takeSettledRest(lane) }) { await consumer.ack(tag) }
            try? await consumer.close()
        }
        if !isStopping, !Task.isCancelled, mailbox.ending?.code != .connectionLost { await repair(connection) }
    }

    /// A subscription that ended on a connection that did not: its queue was deleted, or cannot be had at the moment.
    private func repair(_ connection: AMQPConnection) async {
        try? await cancelWhenGracefulShutdown { try await Topology.declareAgain(on: connection) }
    }
}
