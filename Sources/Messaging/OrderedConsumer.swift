import AMQP
public import Logging
import Synchronization

/// Takes bodies from a queue with a single active consumer, strictly in order.
///
/// Never in hand without being the queue's active consumer: it leaves by closing its channel, so that all that it holds
/// stands again before what the next consumer is given. What is retried holds up all that came after it. That makes a body a
/// mark in the queue: when it is handled, everything before it has been. `Consumer`, which stops the flow and then works off
/// what it holds, cannot promise that.
public final class OrderedConsumer: Sendable {
    private let broker: BrokerConnection
    private let queue: QueueName
    private let lane = Lane.live
    private let limits: (bodies: Int, bytes: Int)
    private let logger: Logger
    private let handler: Consumer.Handler
    private let setAside: Consumer.SetAside
    private let metrics: ConsumerMetrics
    /// Whether the last setting aside failed.
    private let cannotSetAside = Atomic(false)

    /// - Parameters:
    ///   - broker: may be shared with other consumers, never with a publisher.
    ///   - maximumBatch: bounds on one call of the handler; as many bodies may be here unacknowledged. The same in all
    ///     processes: a consumer that takes fewer than the one that died before it could turn their order.
    ///   - handler: as a `Consumer`'s; must leave undone what stands behind something that is retried.
    public init(
        on broker: BrokerConnection, queue: QueueName, maximumBatch: (bodies: Int, bytes: Int),
        setAside: @escaping Consumer.SetAside, logger: Logger, handler: @escaping Consumer.Handler
    ) {
        self.broker = broker
        self.queue = queue
        limits = maximumBatch
        self.logger = logger
        self.handler = handler
        self.setAside = setAside
        metrics = ConsumerMetrics(queue, lane)
    }

    /// Consumes until the task is cancelled; then what is not acknowledged goes back to the queue.
    public func run() async {
        let membership = broker.join()
        while !Task.isCancelled {
            await broker.untilUsable()
            guard let connection = try? await broker.connection() else { continue }
            await consume(connection)
        }
        await broker.leave(membership)
    }

    private func consume(_ connection: AMQPConnection) async {
        let inbox = Inbox()
        do {
            let consumer = try await connection.consume(
                queue: queue.name(in: lane), prefetch: UInt16(clamping: limits.bodies)
            ) { inbox.post($0) }
            defer { broker.held.set(queue, nil) }
            while let batch = await inbox.next(limits) {
                let oldest = Delivery(batch[0], queue: queue, lane: lane).publishedAt ?? 0
                broker.held.set(queue) { _ in oldest }
                await work(off: batch, consumer)
                broker.held.set(queue, nil)
            }
            try? await consumer.close()
        } catch {
            inbox.post(.ended(error))
        }
        guard let fault = inbox.fault, fault.code != .connectionLost, !Task.isCancelled else { return }
        logger.warning("a queue cannot be consumed", metadata: ["queue": "\(queue)", "error": "\(fault)"])
        try? await Topology.declareAgain(on: connection)
    }

    /// Hands a batch over until all of it is done, or the task is cancelled.
    private func work(off batch: [AMQPDelivery], _ consumer: AMQPConsumer) async {
        var rest = batch[...]
        while !rest.isEmpty, !Task.isCancelled {
            let start = ContinuousClock.now
            let settlements = await handler(rest.map { Delivery($0, queue: queue, lane: lane) })
            metrics.handled(settlements, after: .now - start)
            var delay = Duration.zero
            for settlement in settlements {
                if case .retry(let wait) = settlement {
                    delay = wait
                    break
                }
                guard await settle(settlement, rest[rest.startIndex], consumer) else { return }
                rest.removeFirst()
            }
            if !rest.isEmpty { try? await Task.sleep(for: delay) }
        }
    }

    /// - Returns: false where it could not be done before the task was cancelled.
    private func settle(_ settlement: Settlement, _ delivery: AMQPDelivery, _ consumer: AMQPConsumer) async -> Bool {
        if case .setAside(let reason) = settlement {
            while await !putAside(delivery, reason) {
                do { try await Task.sleep(for: .seconds(1)) } catch { return false }
            }
        }
        await consumer.ack(delivery.tag)
        return true
    }

    private func putAside(_ delivery: AMQPDelivery, _ reason: String) async -> Bool {
        do {
            try await setAside(Delivery(delivery, queue: queue, lane: lane), reason)
            cannotSetAside.store(false, ordering: .relaxed)
            logger.warning("a delivery was set aside", metadata: ["queue": "\(queue)", "reason": "\(reason)"])
            return true
        } catch {
            // Once: it is tried again every second.
            if !cannotSetAside.exchange(true, ordering: .relaxed) {
                logger.warning("setting aside failed", metadata: ["queue": "\(queue)", "error": "\(error)"])
            }
            return false
        }
    }
}

/// Where deliveries from the connection's thread wait; bounded by the prefetch.
private final class Inbox: Sendable {
    private struct State {
        var deliveries: [AMQPDelivery] = []
        var fault: AMQPError?
    }

    private let state = Mutex(State())
    private let news: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init() { (news, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// What ended the subscription, if anything did.
    var fault: AMQPError? { state.withLock { $0.fault } }

    func post(_ event: AMQPConsumerEvent) {
        switch event {
        case .delivery(let delivery):
            state.withLock { $0.deliveries.append(delivery) }
            bell.yield()
        case .ended(let error):
            state.withLock { state in
                // The broker has taken them back.
                state.deliveries = []
                state.fault = state.fault ?? error
            }
            bell.finish()
        }
    }

    /// What is there, in order, once there is anything; nil when the subscription has ended or the task is cancelled.
    func next(_ limits: (bodies: Int, bytes: Int)) async -> [AMQPDelivery]? {
        while !Task.isCancelled {
            let batch = state.withLock { Self.take(&$0.deliveries, limits) }
            if !batch.isEmpty { return batch }
            var bells = news.makeAsyncIterator()
            if await bells.next() == nil { return nil }
        }
        return nil
    }

    private static func take(_ deliveries: inout [AMQPDelivery], _ limits: (bodies: Int, bytes: Int)) -> [AMQPDelivery]
    {
        var bytes = 0
        let batch = deliveries.prefix(limits.bodies).prefix { delivery in
            defer { bytes += delivery.body.count }
            return bytes == 0 || bytes + delivery.body.count <= limits.bytes
        }
        deliveries.removeFirst(batch.count)
        return Array(batch)
    }
}
