import AMQP
import TestSupport
import Testing

@Suite("Publishing")
struct AMQPPublishingTests {
    private func connect(
        _ broker: TestBroker, _ change: (inout AMQPConfiguration) -> Void = { _ in }
    ) async throws -> AMQPConnection {
        var configuration = try AMQPConfiguration(url: broker.url)
        change(&configuration)
        return try await AMQPConnection.connect(configuration)
    }

    /// One byte more than fits into one frame of 131,072 bytes, and many frames.
    @Test(arguments: [0, 1, 131_064, 131_065, 5_000_000])
    func bodiesOfAnySizeComeBackEqual(size: Int) async throws {
        try await TestBroker.with(declared: false) { broker in
            let publishing = try await connect(broker)
            let consuming = try await connect(broker)
            try await publishing.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            try await publishing.publish(
                AMQPMessage(body, routingKey: "q", messageID: "id-\(size)", headers: ["kind": "test", "n": 7]))
            let (consumer, deliveries) = try await consuming.deliveries(queue: "q", prefetch: 1)
            var iterator = deliveries.makeAsyncIterator()
            let delivery = try #require(try await iterator.next())
            #expect(delivery.body == body)
            #expect(delivery.messageID == "id-\(size)")
            #expect(delivery.headers["kind"] == "test")
            #expect(delivery.headers["n"] == 7)
            #expect(delivery.routingKey == "q")
            #expect(delivery.deliveryCount == 0)
            #expect(!delivery.isRedelivered)
            await consumer.ack(delivery.tag)
            await publishing.close()
            await consuming.close()
        }
    }

    @Test func anUnroutableBodyIsReturnedAndItsNeighboursAreNot() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker)
            try await connection.declareQueue("q")
            let outcomes = await withTaskGroup(of: (Bool, AMQPError.Code?).self) { group in
                for index in 0..<200 {
                    let isRoutable = index % 5 != 0
                    group.addTask {
                        do throws(AMQPError) {
                            try await connection.publish(AMQPMessage([1], routingKey: isRoutable ? "q" : "none"))
                            return (isRoutable, nil)
                        } catch {
                            return (isRoutable, error.code)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 200)
            #expect(outcomes.allSatisfy { $0.0 ? $0.1 == nil : $0.1 == .returned })
            await connection.close()
        }
    }

    @Test func aMissingExchangeFailsThePublishAndTheNextOneGoesThrough() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker)
            try await connection.declareQueue("q")
            let error = await #expect(throws: AMQPError.self) {
                try await connection.publish(AMQPMessage([1], routingKey: "q", exchange: "missing"))
            }
            #expect(error?.code == .notFound)
            try await connection.publish(AMQPMessage([1], routingKey: "q"))
            await connection.close()
        }
    }

    @Test func aFullQueueRefuses() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker)
            try await connection.declareQueue(
                "q", arguments: ["x-queue-type": "quorum", "x-max-length": 3, "x-overflow": "reject-publish"])
            var refused = 0
            for _ in 0..<10 {
                do throws(AMQPError) {
                    try await connection.publish(AMQPMessage([1], routingKey: "q"))
                } catch {
                    #expect(error.code == .nacked)
                    #expect(error.isTransient)
                    refused += 1
                }
            }
            #expect((5...7).contains(refused))
            await connection.close()
        }
    }

    @Test(.timeLimit(.minutes(10))) func whoIsRefusedForLongLosesTheConnection() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker) { $0.refusalPatience = .milliseconds(200) }
            try await connection.declareQueue(
                "q", arguments: ["x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"])
            var codes: Set<AMQPError.Code> = []
            while !codes.contains(.connectionLost) {
                do throws(AMQPError) {
                    try await connection.publish(AMQPMessage([1], routingKey: "q"))
                } catch {
                    try #require([.nacked, .connectionLost].contains(error.code), "\(error)")
                    codes.insert(error.code)
                }
            }
            #expect(codes == [.nacked, .connectionLost])
        }
    }

    @Test func aSmallWindowPassesEverybodyThrough() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker) { $0.windowMessages = 7 }
            try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<1_000 {
                    group.addTask {
                        try await connection.publish(
                            AMQPMessage([UInt8](repeating: UInt8(index % 256), count: index), routingKey: "q"),
                            timeout: .seconds(120))
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("all of them wait") { try await connection.queueStatus("q").ready == 1_000 }
            await connection.close()
        }
    }

    @Test func closingFailsWhatIsNotConfirmed() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await connect(broker) { $0.windowMessages = 1 }
            try await connection.declareQueue("q", arguments: ["x-queue-type": "quorum"])
            let codes = await withTaskGroup(of: AMQPError.Code?.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        do throws(AMQPError) {
                            try await connection.publish(AMQPMessage([1], routingKey: "q"))
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                group.addTask {
                    await connection.close()
                    return nil
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.allSatisfy { $0 == nil || $0 == .closed })
        }
    }
}
