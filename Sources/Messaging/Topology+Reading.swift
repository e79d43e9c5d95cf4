import AMQP
import Synchronization

extension Topology {
    /// Reads all that stands in a short queue with a single active consumer, without taking it: the broker has it back.
    ///
    /// A body of the reader's own, published behind the rest and taken away again, tells that nothing is missing: whatever
    /// somebody else was reading has come back before it arrives.
    ///
    /// - Returns: the bodies, the oldest first as far as the broker keeps their order.
    /// - Throws: `.away`, also where that takes longer than `patience`.
    public static func read(
        _ queue: QueueName, _ configuration: BrokerConfiguration, patience: Duration = .seconds(5)
    ) async throws(MessagingError) -> [[UInt8]] {
        let mine = prefix + (0..<16).map { _ in UInt8.random(in: 0...255) }
        let bodies: [[UInt8]]? = try await withConnection(configuration) { connection throws(AMQPError) in
            let name = queue.name(in: .live)
            let reading = Reading()
            let consumer = try await connection.consume(queue: name, prefetch: .max) { reading.take($0) }
            try await connection.publish(
                AMQPMessage(mine, routingKey: name, exchange: queue.exchange ?? ""), timeout: patience)
            let end = await reading.wait(for: mine, patience: patience)
            if let end { await consumer.ack(end) }
            try await consumer.close()
            return end.map { _ in reading.bodies.filter { !$0.starts(with: prefix) } }
        }
        guard let bodies else { throw MessagingError(.away, "the queue \(queue) could not be read in time") }
        return bodies
    }

    /// Of a reader's own bodies; one that a reader left behind when it died says nothing.
    private static let prefix = Array("read ".utf8)
}

/// What has come so far.
private final class Reading: Sendable {
    private let state = Mutex<(deliveries: [AMQPDelivery], hasEnded: Bool)>(([], false))
    private static let pause = Duration.milliseconds(5)

    var bodies: [[UInt8]] { state.withLock { $0.deliveries.map(\.body) } }

    func take(_ event: AMQPConsumerEvent) {
        state.withLock { state in
            switch event {
            case .delivery(let delivery): state.deliveries.append(delivery)
            case .ended: state.hasEnded = true
            }
        }
    }

    /// The tag of a body, once it is there; nil where it does not come.
    func wait(for body: [UInt8], patience: Duration) async -> UInt64? {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            let (tag, hasEnded) = state.withLock { state in
                (state.deliveries.last { $0.body == body }?.tag, state.hasEnded)
            }
            if tag != nil || hasEnded { return tag }
            do { try await Task.sleep(for: Self.pause) } catch { return nil }
        }
        return nil
    }
}
