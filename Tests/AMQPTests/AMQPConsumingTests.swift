import AMQP
import TestSupport
import Testing

@Suite("Consuming")
struct AMQPConsumingTests {
    private static let quorum: AMQPTable = ["x-queue-type": "quorum", "x-delivery-limit": 20]

    /// A queue with bodies [0], [1], … and a connection.
    private func withQueue(
        of count: UInt8, _ body: (AMQPConnection, TestBroker) async throws -> Void
    ) async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("q", arguments: Self.quorum)
            for number in 0..<count {
                try await connection.publish(AMQPMessage([number], routingKey: "q"))
            }
            try await body(connection, broker)
            await connection.close()
        }
    }

    private func take(
        _ count: Int, _ iterator: inout AsyncThrowingStream<AMQPDelivery, any Error>.Iterator
    ) async throws -> [AMQPDelivery] {
        var taken: [AMQPDelivery] = []
        while taken.count < count, let delivery = try await iterator.next(isolation: #isolation) {
            taken.append(delivery)
        }
        return taken
    }

    @Test func prefetchBoundsWhatIsOutAndAcksMakeRoom() async throws {
        try await withQueue(of: 10) { connection, _ in
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 4)
            var iterator = deliveries.makeAsyncIterator()
            let first = try await take(4, &iterator)
            #expect(first.map(\.body) == [[0], [1], [2], [3]])
            try await eventually("the rest waits") { try await connection.queueStatus("q").ready == 6 }
            await consumer.ack(first[2].tag, multiple: true)
            let second = try await take(3, &iterator)
            #expect(second.map(\.body) == [[4], [5], [6]])
            try await consumer.close()
            try await eventually("the unsettled are back") { try await connection.queueStatus("q").ready == 7 }
        }
    }

    @Test func closingReturnsTheUnsettledInOrderAndCountsThem() async throws {
        try await withQueue(of: 20) { connection, _ in
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 10)
            var iterator = deliveries.makeAsyncIterator()
            let first = try await take(10, &iterator)
            await consumer.ack(first[3].tag, multiple: true)
            try await consumer.close()
            let (_, again) = try await connection.deliveries(queue: "q", prefetch: 100)
            var second = again.makeAsyncIterator()
            let rest = try await take(16, &second)
            #expect(rest.map { $0.body[0] } == Array(4..<20))
            // Between the ack and the close up to four more may have been handed out.
            #expect(rest.prefix(6).allSatisfy { $0.isRedelivered && $0.deliveryCount == 1 })
            #expect(rest.suffix(6).allSatisfy { !$0.isRedelivered && $0.deliveryCount == 0 })
        }
    }

    @Test func nackGivesBackToTheHead() async throws {
        try await withQueue(of: 3) { connection, _ in
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 1)
            var iterator = deliveries.makeAsyncIterator()
            let first = try await take(1, &iterator)
            await consumer.nack(first[0].tag)
            let again = try await take(1, &iterator)
            #expect(again[0].body == [0])
            #expect(again[0].deliveryCount == 1)
        }
    }

    @Test func cancellingEndsTheFlowAndWhatCameMayStillBeSettled() async throws {
        try await withQueue(of: 5) { connection, _ in
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 2)
            var iterator = deliveries.makeAsyncIterator()
            let first = try await take(2, &iterator)
            try await consumer.cancel()
            #expect(try await iterator.next() == nil)
            await consumer.ack(first[1].tag, multiple: true)
            try await consumer.close()
            await consumer.ack(first[1].tag)
            try await eventually("the rest waits, for nobody") {
                try await connection.queueStatus("q") == .init(ready: 3, consumers: 0)
            }
        }
    }

    @Test func aDeletedQueueEndsItsConsumer() async throws {
        try await withQueue(of: 1) { connection, broker in
            let (_, deliveries) = try await connection.deliveries(queue: "q", prefetch: 2)
            var iterator = deliveries.makeAsyncIterator()
            _ = try await take(1, &iterator)
            try await broker.call("DELETE", "queues/\(broker.vhost)/q")
            let error = await #expect(throws: AMQPError.self) { _ = try await iterator.next(isolation: #isolation) }
            #expect(error?.code == .consumerCancelled)
            let missing = await #expect(throws: AMQPError.self) {
                try await connection.deliveries(queue: "q", prefetch: 1)
            }
            #expect(missing?.code == .notFound)
        }
    }

    @Test func settlingTwiceEndsTheChannelAlone() async throws {
        try await withQueue(of: 2) { connection, _ in
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 1)
            var iterator = deliveries.makeAsyncIterator()
            let first = try await take(1, &iterator)
            await consumer.ack(first[0].tag)
            await consumer.ack(first[0].tag)
            let error = await #expect(throws: AMQPError.self) {
                while try await iterator.next(isolation: #isolation) != nil {}
            }
            #expect(error?.code == .preconditionFailed)
            try await eventually("the other waits again") { try await connection.queueStatus("q").ready == 1 }
        }
    }

    @Test func aLostConnectionEndsItsConsumers() async throws {
        try await withQueue(of: 0) { connection, broker in
            let (_, deliveries) = try await connection.deliveries(queue: "q", prefetch: 1)
            try await eventually("the broker knows the connection") { try await broker.closeConnections() > 0 }
            let error = await #expect(throws: AMQPError.self) { for try await _ in deliveries {} }
            #expect(error?.code == .connectionLost)
        }
    }
}
