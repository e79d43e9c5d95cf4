import AMQP
import TestSupport
import Testing

/// Nothing is stuck or counted twice, however a consumer ends.
@Suite("Settling", .timeLimit(.minutes(10)))
struct AMQPSettlingTests {
    private static let quorum: AMQPTable = ["x-queue-type": "quorum", "x-delivery-limit": 1_000]

    /// Deliveries that were on their way when the consumer was cancelled reach it, or go back to the queue at once: none
    /// stays with the channel that nobody reads any more.
    @Test func cancellingInFullFlowLeavesNothingBehind() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publishing = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let consuming = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await publishing.declareQueue("q", arguments: Self.quorum)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2_000 {
                    group.addTask { try await publishing.publish(AMQPMessage([UInt8(number % 256)], routingKey: "q")) }
                }
                try await group.waitForAll()
            }
            var left = 2_000
            for round in 0..<30 {
                let (consumer, deliveries) = try await consuming.deliveries(queue: "q", prefetch: 200)
                var taken: [AMQPDelivery] = []
                for try await delivery in deliveries {
                    taken.append(delivery)
                    // In the middle of it, at another place each time; the sequence then ends by itself.
                    if taken.count == 1 + round { try await consumer.cancel() }
                    if taken.count.isMultiple(of: 3) { await consumer.ack(delivery.tag, multiple: true) }
                }
                if let last = taken.last { await consumer.ack(last.tag, multiple: true) }
                left -= taken.count
                // The channel is still open: what it has not been given waits.
                try await eventually("the rest waits, round \(round)") {
                    try await publishing.queueStatus("q").ready == left
                }
                if left == 0 { break }
            }
            await publishing.close()
            await consuming.close()
        }
    }

    /// Whatever prefix was acknowledged when the connection went, exactly the rest comes again, in order.
    @Test(arguments: [0, 1, 7, 19, 20])
    func afterAPrefixTheRestComesAgainInOrder(acknowledged: Int) async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("q", arguments: Self.quorum)
            for number in 0..<20 as Range<UInt8> {
                try await connection.publish(AMQPMessage([number], routingKey: "q"))
            }
            let lost = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let (consumer, deliveries) = try await lost.deliveries(queue: "q", prefetch: 20)
            let first = try await deliveries.first(20)
            #expect(first.map { $0.body[0] } == Array(0..<20))
            if acknowledged > 0 { await consumer.ack(first[acknowledged - 1].tag, multiple: true) }
            await lost.close()
            let (_, again) = try await connection.deliveries(queue: "q", prefetch: 20)
            let rest = try await again.first(20 - acknowledged)
            #expect(rest.map { $0.body[0] } == Array(UInt8(acknowledged)..<20))
            #expect(rest.allSatisfy { $0.isRedelivered && $0.deliveryCount == 1 })
            await connection.close()
        }
    }

    @Test func severalGivenBackStandInTheirOrder() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("q", arguments: Self.quorum)
            for number in 0..<10 as Range<UInt8> {
                try await connection.publish(AMQPMessage([number], routingKey: "q"))
            }
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 5)
            var iterator = deliveries.makeAsyncIterator()
            var tag: UInt64 = 0
            for _ in 0..<5 { tag = try #require(try await iterator.next()).tag }
            await consumer.nack(tag, multiple: true)
            var again: [UInt8] = []
            for _ in 0..<5 {
                let delivery = try #require(try await iterator.next())
                again.append(delivery.body[0])
                #expect(delivery.deliveryCount == 1)
            }
            #expect(again == [0, 1, 2, 3, 4])
            await connection.close()
        }
    }

    /// The broker takes back what is held for too long and closes the channel alone; RabbitMQ looks once a minute, here
    /// more often.
    @Test func aConsumerThatHoldsTooLongLosesItsChannelAndNothingElse() async throws {
        try await OwnBroker.with { broker in
            try await broker.control("eval", Self.shortTimeout)
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("q", arguments: Self.quorum)
            for number in 0..<5 as Range<UInt8> {
                try await connection.publish(AMQPMessage([number], routingKey: "q"))
            }
            let (consumer, deliveries) = try await connection.deliveries(queue: "q", prefetch: 3)
            var held: [AMQPDelivery] = []
            let error = await #expect(throws: AMQPError.self) {
                for try await delivery in deliveries { held.append(delivery) }
            }
            #expect(error?.code == .preconditionFailed && error?.message.contains("timed out") == true)
            #expect(held.count == 3)
            // Settling what is ours no more does nothing.
            await consumer.ack(held[2].tag, multiple: true)
            let (_, again) = try await connection.deliveries(queue: "q", prefetch: 5)
            let all = try await again.first(5)
            #expect(all.map { $0.body[0] } == [0, 1, 2, 3, 4])
            #expect(all.map(\.deliveryCount) == [1, 1, 1, 0, 0])
            await connection.close()
        }
    }

    private static let shortTimeout = """
        application:set_env(rabbit, channel_tick_interval, 200), application:set_env(rabbit, consumer_timeout, 1000).
        """

    /// One byte more than the broker takes costs the channel; the next body has another.
    @Test func aBodyBeyondTheBrokersLimitIsRefusedAloneAndOneAtTheLimitIsNot() async throws {
        try await OwnBroker.with { broker in
            try await broker.control("eval", "application:set_env(rabbit, max_message_size, 1000000).")
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("q", arguments: Self.quorum)
            try await connection.publish(AMQPMessage([UInt8](repeating: 1, count: 1_000_000), routingKey: "q"))
            let error = await #expect(throws: AMQPError.self) {
                try await connection.publish(AMQPMessage([UInt8](repeating: 2, count: 1_000_001), routingKey: "q"))
            }
            #expect(error?.code == .preconditionFailed && error?.isTransient == false)
            try await connection.publish(AMQPMessage([3], routingKey: "q"))
            let (_, deliveries) = try await connection.deliveries(queue: "q", prefetch: 5)
            #expect(try await deliveries.first(2).map { $0.body[0] } == [1, 3])
            await connection.close()
        }
    }
}
