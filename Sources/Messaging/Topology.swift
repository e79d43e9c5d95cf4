import AMQP

/// The queues and how they are declared, every argument of them, and the exchanges through which bodies get there.
///
/// Each queue has an exchange of its own, so that a user of the broker may be let publish to one and not to another; through
/// the default exchange whoever may publish at all may publish everywhere. Every service looks for all of them whenever it
/// connects, and declares them where they are missing, if it may: none waits for another.
public enum Topology {
    /// Declares every queue and exchange; changes nothing when they exist.
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

    /// Looks at every lane of every queue from which something is taken, without changing anything.
    ///
    /// - Throws: `.away`, also when a queue does not exist yet.
    public static func depths(_ configuration: BrokerConfiguration) async throws(MessagingError) -> [Depth] {
        try await withConnection(configuration) { connection throws(AMQPError) in
            var depths: [Depth] = []
            for queue in QueueName.all where !queue.isKept {
                for lane in queue.lanes {
                    let status = try await connection.queueStatus(queue.name(in: lane))
                    depths.append(
                        Depth(queue: queue, lane: lane, ready: status.ready, consumers: status.consumers))
                }
            }
            return depths
        }
    }

    /// Declares what is missing. Looking needs no right on the broker; declaring does.
    ///
    /// - Throws: `.accessRefused` when something is missing and the user may not declare it.
    static func ensure(on connection: AMQPConnection) async throws(AMQPError) {
        do throws(AMQPError) {
            for queue in QueueName.all {
                for lane in queue.lanes { _ = try await connection.queueStatus(queue.name(in: lane)) }
                if let exchange = queue.exchange { try await connection.requireExchange(exchange) }
            }
        } catch {
            guard error.code == .notFound else { throw error }
            do throws(AMQPError) { try await declare(on: connection) } catch {
                guard error.code == .accessRefused else { throw error }
                throw AMQPError(
                    .accessRefused,
                    "ACCESS_REFUSED - queues are missing, and this user may not make them; loods migrate does")
            }
        }
    }

    static func declare(on connection: AMQPConnection) async throws(AMQPError) {
        // The dead-letter queue first: a body that dies before it exists waits, but nobody sees it.
        for queue in QueueName.all.reversed() {
            for lane in queue.lanes {
                try await connection.declareQueue(queue.name(in: lane), arguments: arguments(of: queue))
            }
            guard let exchange = queue.exchange else { continue }
            try await connection.declareExchange(exchange)
            for lane in queue.lanes {
                let name = queue.name(in: lane)
                try await connection.bind(queue: name, to: exchange, routingKey: name)
            }
        }
    }

    /// Declares what is missing again after something was deleted, but not at once.
    ///
    /// When a quorum queue is back before the broker has told its consumers, RabbitMQ 3.10 attaches them to the new
    /// queue without a word and drops its first deliveries: they stay unacknowledged for ever.
    static func declareAgain(on connection: AMQPConnection) async throws {
        try await Task.sleep(for: .seconds(1))
        try await ensure(on: connection)
    }

    /// So often a body may come back; once more, and the broker puts it into the queue `dead`.
    static let deliveryLimit = 20

    static func arguments(of queue: QueueName) -> AMQPTable {
        // A few of the newest, since several mailers may publish at once and the greatest counts.
        if queue == .marks { return keptArguments(most: 32) }
        // More than there are backups of.
        if queue == .erasures { return keptArguments(most: readLimit) }
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

    /// The newest bodies. One at a time reads them, so that each reader has all of them; the limit, which is never reached, has
    /// the broker put them back at the queue's head.
    private static func keptArguments(most: Int) -> AMQPTable {
        [
            "x-queue-type": "quorum", "x-overflow": "drop-head", "x-max-length": .int(Int64(most)),
            "x-queue-leader-locator": "balanced", "x-delivery-limit": 1_000_000_000, "x-single-active-consumer": true,
        ]
    }

    /// So many bodies can be read and left where they are: as many as a consumer may hold, and one of the reader's own.
    static let readLimit = Int(UInt16.max) - 1

    static func withConnection<R: Sendable>(
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
