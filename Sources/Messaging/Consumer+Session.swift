import AMQP
import CrashPoints
import Logging
import ServiceLifecycle
import Synchronization

/// One connection's session: what the intake says is done here.
extension Consumer {
    func work(_ mailbox: Mailbox, _ subscriptions: inout Subscriptions) async {
        do throws(AMQPError) {
            while mailbox.ending == nil, !Task.isCancelled {
                let step = mailbox.intake { $0.next(now: .now) }
                if case .finish = step { return }
                try await take(step, mailbox, &subscriptions)
            }
        } catch {
            mailbox.fail(error)
        }
    }

    private func take(
        _ step: Intake.Step, _ mailbox: Mailbox, _ subscriptions: inout Subscriptions
    ) async throws(AMQPError) {
        switch step {
        case .awaitUsable:
            await pause()
            mailbox.intake { $0.isUsable() }
        case .subscribe(let lane, let prefetch):
            try await subscriptions.open(lane, prefetch: prefetch)
        case .cancel(let lane):
            try await subscriptions[lane]?.cancel()
            mailbox.intake { $0.wasCancelled(lane) }
        case .ack(let lane, let tag):
            await subscriptions[lane]?.ack(tag, multiple: true)
            CrashPoint.consumerAfterAck.pass()
        case .hand(let lane, let deliveries):
            await hand(deliveries, lane, mailbox)
        case .setAside(let lane, let id, let delivery, let reason):
            let succeeded = await putAside(delivery, reason)
            mailbox.intake { $0.wasSetAside(id, succeeded: succeeded, lane: lane, now: .now) }
        case .giveBack(let lane, let returned):
            await giveBack(returned, lane, subscriptions[lane])
        case .wait(let deadline):
            await mailbox.wait(until: deadline)
        case .finish:
            break
        }
    }

    private func pause() async {
        let untilUsable = untilUsable
        await cancelWhenGracefulShutdown { await untilUsable() }
    }

    private func hand(_ deliveries: [Delivery], _ lane: Lane, _ mailbox: Mailbox) async {
        let start = ContinuousClock.now
        CrashPoint.consumerAfterDelivery.pass()
        let settlements = await handler(deliveries)
        CrashPoint.consumerBeforeAck.pass()
        let end = ContinuousClock.now
        metrics[lane]?.handled(settlements, after: end - start)
        if settlements.count != deliveries.count {
            logger.error("a handler left deliveries unsettled", metadata: ["queue": "\(queue)"])
        }
        mailbox.intake { $0.handled(settlements, lane: lane, now: end) }
    }

    private func putAside(_ delivery: Delivery, _ reason: String) async -> Bool {
        do {
            try await setAside(delivery, reason)
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

    private func giveBack(_ returned: Intake.Returned, _ lane: Lane, _ consumer: AMQPConsumer?) async {
        for tag in returned.done { await consumer?.ack(tag) }
        for tag in returned.rest { await consumer?.nack(tag) }
        guard !returned.rest.isEmpty else { return }
        metrics[lane]?.count(.givenBack, by: returned.rest.count)
        logger.warning(
            "deliveries go back to their queue",
            metadata: [
                "queue": "\(queue)", "lane": "\(lane)", "count": "\(returned.rest.count)",
                "reason": "\(returned.reason.rawValue)",
            ])
    }
}

/// The lanes' subscriptions of one session; a lane that is opened again has a new channel, and new tags.
struct Subscriptions {
    let connection: AMQPConnection
    let queue: QueueName
    let mailbox: Mailbox
    private var consumers: [Lane: AMQPConsumer] = [:]

    init(connection: AMQPConnection, queue: QueueName, mailbox: Mailbox) {
        self.connection = connection
        self.queue = queue
        self.mailbox = mailbox
    }

    subscript(lane: Lane) -> AMQPConsumer? { consumers[lane] }

    mutating func open(_ lane: Lane, prefetch: UInt16) async throws(AMQPError) {
        try await consumers.removeValue(forKey: lane)?.close()
        let (queue, mailbox) = (queue, mailbox)
        consumers[lane] = try await connection.consume(queue: queue.name(in: lane), prefetch: prefetch) {
            mailbox.post($0, queue: queue, lane: lane)
        }
    }

    /// Acknowledges what is done; the broker takes the rest back, in the queue's order.
    func close() async {
        for (lane, consumer) in consumers {
            for tag in mailbox.intake({ $0.takeSettledRest(lane) }) { await consumer.ack(tag) }
            try? await consumer.close()
        }
    }
}
