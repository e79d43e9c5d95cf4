import AMQP

/// The queues and how they are declared, every argument of them.
///
/// Every service declares all of them whenever it connects, so that none waits for another.
public enum Topology {
    /// Declares every queue; changes nothing when they exist.
    ///
    /// - Throws: `.away`; `.topologyDiffers` when a queue exists with other arguments.
    public static func declare(_ configuration: BrokerConfiguration) async throws(MessagingError) {
        try await withConnection(configuration) { connection throws(AMQPError) in
            try await declare(on: connection)
        }
    }

    /// What waits in one lane of a queue.
    public struct Depth: Sendable, Hashable {
        public var queue: QueueName
        public var lane: Lane
        /// Bodies that wait; those handed to a consumer and not yet settled are not among them.
        public var ready: Int
        public var consumers: Int
    }

    /// Looks at every lane of every queue, without changing anything.
    ///
    /// - Throws: `.away`, also when a queue does not exist yet.
    public static func depths(_ configuration: BrokerConfiguration) async throws(MessagingError) -> [Depth] {
        try await withConnection(configuration) { connection throws(AMQPError) in
            var depths: [Depth] = []
            for queue in QueueName.all {
                for lane in queue.lanes {
                    let status = try await connection.queueStatus(queue.name(in: lane))
                    depths.append(
                        Depth(queue: queue, lane: lane, ready: status.ready, consumers: status.consumers))
                }
            }
            return depths
        }
    }

    static func declare(on connection: AMQPConnection) async throws(AMQPError) {
        // The dead-letter queue first: a body that dies before it exists waits, but nobody sees it.
        for queue in QueueName.all.reversed() {
            for lane in queue.lanes {
                try await connection.declareQueue(queue.name(in: lane), arguments: arguments(of: queue))
            }
        }
    }

    /// Declares the queues again after one was deleted, but not at once.
    ///
    /// When a quorum queue is back before the broker has told its consumers, RabbitMQ 3.10 attaches them to the new
    /// queue without a word and drops its first deliveries: they stay unacknowledged for ever.
    static func declareAgain(on connection: AMQPConnection) async throws {
        try await Task.sleep(for: .seconds(1))
        try await declare(on: connection)
    }

    /// So often a body may come back; once more, and the broker puts it into the queue `dead`.
    static let deliveryLimit = 20

    static func arguments(of queue: QueueName) -> AMQPTable {
        var arguments: AMQPTable = [
            "x-queue-type": "quorum",
            // A full queue refuses (basic.nack), so that publishers slow down and nothing is dropped. It is also what
            // at-least-once dead-lettering requires.
            "x-overflow": "reject-publish",
            "x-max-length-bytes": .int(64 << 30),
            "x-queue-leader-locator": "balanced",
            // With a limit, whichever, a body that is given back goes to the head of its queue; without, to its end.
            "x-delivery-limit": .int(Int64(deliveryLimit)),
        ]
        if queue == .withdrawals {
            // One mailer at a time takes them, in order: so a barrier that has come through had nothing before it left.
            arguments["x-single-active-consumer"] = true
        }
        if queue == .dead {
            // Nothing lies behind this queue: beyond the limit a body would be dropped.
            arguments["x-delivery-limit"] = 1_000_000_000
        } else {
            arguments["x-dead-letter-exchange"] = ""
            arguments["x-dead-letter-routing-key"] = .string(QueueName.dead.name(in: .live))
            arguments["x-dead-letter-strategy"] = "at-least-once"
        }
        return arguments
    }

    private static func withConnection<R: Sendable>(
        _ configuration: BrokerConfiguration,
        _ body: (AMQPConnection) async throws(AMQPError) -> R
    ) async throws(MessagingError) -> R {
        do throws(AMQPError) {
            let connection = try await AMQPConnection.connect(configuration.named("topology").amqp)
            do throws(AMQPError) {
                let result = try await body(connection)
                await connection.close()
                return result
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            throw MessagingError(error)
        }
    }
}
