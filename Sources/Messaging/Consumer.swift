import AMQP
public import Logging
public import ServiceLifecycle
import Synchronization

/// Takes bodies from a queue, hands them to a handler in batches, and settles each as the handler says.
///
/// A `Service`. Live goes before bulk, and one batch is under way at a time, made of what is already there. A batch
/// in which something is retried stays unacknowledged, in place, and is given back only before the broker would take
/// it: after 20 minutes; nothing is taken again then until what the handler needs is there. Bodies come one at a time
/// at first, and whenever one comes that may be what kills workers: such a body dies alone. Nothing about it is strict in
/// order where several consume: for that there is `OrderedConsumer`. On graceful shutdown it
/// takes nothing new, works off what it holds, acknowledges it, and gives back only what is being retried. While the
/// broker is away it waits for it.
public final class Consumer: Service, Sendable {
    /// Called with one or several deliveries of one lane, in the order of the queue; a suspect one comes alone.
    ///
    /// Answers a settlement for each, in the same order. Must end: nothing else is taken meanwhile.
    public typealias Handler = @Sendable ([Delivery]) async -> [Settlement]
    /// Keeps a delivery with its reason; once it returns the delivery is acknowledged, when it throws it is called
    /// again.
    public typealias SetAside = @Sendable (Delivery, _ reason: String) async throws -> Void

    let broker: BrokerConnection
    let queue: QueueName
    let limits: Intake.Limits
    let logger: Logger
    let handler: Handler
    let setAside: SetAside
    let untilUsable: @Sendable () async -> Void
    let metrics: [Lane: ConsumerMetrics]
    /// Whether the last setting aside failed.
    let cannotSetAside = Atomic(false)
    /// The session's mailbox, and whether shutdown has begun.
    private let current = Mutex<(mailbox: Mailbox?, isStopping: Bool)>((nil, false))

    /// - Parameters:
    ///   - broker: may be shared with other consumers, never with a publisher.
    ///   - maximumBatch: bounds on one call of the handler; a larger body comes alone.
    ///   - maximumBulkBodies: of the bulk lane in one call, where they are to be fewer: live waits until it ends.
    ///   - prefetch: bodies that may be here unacknowledged, a lane; more than one batch keeps the handler busy.
    ///   - untilUsable: returns when what the handler needs is there, or when it is cancelled; awaited before anything is
    ///     taken, and again after deliveries were held for too long. The connection's own where it is left out.
    public init(
        on broker: BrokerConnection, queue: QueueName, maximumBatch: (bodies: Int, bytes: Int),
        maximumBulkBodies: Int? = nil, prefetch: Int, setAside: @escaping SetAside,
        untilUsable: (@Sendable () async -> Void)? = nil, logger: Logger, handler: @escaping Handler
    ) {
        self.broker = broker
        self.queue = queue
        limits = Intake.Limits(
            bodies: max(1, maximumBatch.bodies), bulkBodies: maximumBulkBodies, bytes: maximumBatch.bytes,
            prefetch: UInt16(clamping: max(1, prefetch)))
        self.logger = logger
        self.handler = handler
        self.setAside = setAside
        self.untilUsable = untilUsable ?? broker.untilUsable
        metrics = .init(uniqueKeysWithValues: queue.lanes.map { ($0, ConsumerMetrics(queue, $0)) })
    }

    /// A consumer with a connection of its own.
    public convenience init(
        _ configuration: BrokerConfiguration, queue: QueueName, maximumBatch: (bodies: Int, bytes: Int),
        prefetch: Int, setAside: @escaping SetAside, untilUsable: (@Sendable () async -> Void)? = nil,
        logger: Logger, handler: @escaping Handler
    ) {
        self.init(
            on: BrokerConnection(configuration.named("consume-\(queue)"), logger: logger), queue: queue,
            maximumBatch: maximumBatch, prefetch: prefetch, setAside: setAside, untilUsable: untilUsable,
            logger: logger, handler: handler)
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

    var isStopping: Bool { current.withLock { $0.isStopping } }

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

    private func consume(_ connection: AMQPConnection) async {
        let mailbox = Mailbox(limits: limits, lanes: queue.lanes)
        let isStopping = current.withLock { current in
            current.mailbox = mailbox
            return current.isStopping
        }
        if isStopping { return }
        broker.held.set(queue) { lane in mailbox.intake { $0[lane].oldestPublished } }
        defer { broker.held.set(queue, nil) }
        var subscriptions = Subscriptions(connection: connection, queue: queue, mailbox: mailbox)
        await work(mailbox, &subscriptions)
        current.withLock { $0.mailbox = nil }
        await subscriptions.close()
        if !self.isStopping, !Task.isCancelled { await repair(after: mailbox.ending, connection) }
    }

    /// A subscription that ended on a connection that did not: its queue was deleted, or cannot be had at the moment.
    private func repair(after ending: AMQPError?, _ connection: AMQPConnection) async {
        guard let ending, ending.code != .connectionLost, ending.code != .closed else { return }
        logger.warning("a queue cannot be consumed", metadata: ["queue": "\(queue)", "error": "\(ending)"])
        try? await cancelWhenGracefulShutdown { try await Topology.declareAgain(on: connection) }
    }
}
