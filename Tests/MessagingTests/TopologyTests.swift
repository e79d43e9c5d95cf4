import AMQP
import Messaging
import TestSupport
import Testing

@Suite("Topology")
struct TopologyTests {
    @Test func theNamesAreTheQueues() {
        #expect(QueueName.events.name(in: .live) == "loods.events.live")
        #expect(QueueName.signals.name(in: .bulk) == "loods.signals.bulk")
        #expect(QueueName.withdrawals.lanes == [.live])
        #expect(QueueName.dead.name(in: .live) == "loods.dead")
        #expect(QueueName.marks.name(in: .live) == "loods.marks")
        #expect(QueueName.erasures.name(in: .live) == "loods.erasures")
        #expect(QueueName.messages.lanes == [.live, .bulk])
    }

    @Test func declaringAtOnceAndAgainIsHarmless() async throws {
        try await TestBroker.with(declared: false) { broker in
            let configuration = try BrokerConfiguration(broker)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await Topology.declare(configuration) } }
                try await group.waitForAll()
            }
            try await Topology.declare(configuration)
            let depths = try await Topology.depths(configuration)
            #expect(depths.count == 9)
            #expect(depths.allSatisfy { $0.ready == 0 && $0.consumers == 0 })
        }
    }

    @Test func depthsBeforeAnythingIsDeclaredAreAnError() async throws {
        try await TestBroker.with(declared: false) { broker in
            let error = await #expect(throws: MessagingError.self) {
                try await Topology.depths(BrokerConfiguration(broker))
            }
            #expect(error?.code == .away)
        }
    }

    /// Whoever reads leaves everything as it was, also when several read at once; only the newest stay.
    @Test func whatStandsInAShortQueueIsReadAndNotTaken() async throws {
        try await TestBroker.with(declared: false) { broker in
            let configuration = try BrokerConfiguration(broker)
            try await Topology.declare(configuration)
            #expect(try await Topology.read(.marks, configuration, patience: .seconds(30)) == [])
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            for number in 1...40 as ClosedRange<UInt8> {
                try await connection.publish(AMQPMessage([number], routingKey: "loods.marks"))
            }
            try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
                for _ in 0..<4 {
                    group.addTask { try await Topology.read(.marks, configuration, patience: .seconds(30)) }
                }
                for try await bodies in group {
                    #expect(Set(bodies).isSuperset(of: (16...40).map { [$0] }), "\(bodies)")
                }
            }
            try await connection.publish(AMQPMessage([41], routingKey: "loods.marks"))
            let kept = try await Topology.read(.marks, configuration, patience: .seconds(30))
            #expect(Set(kept).isSuperset(of: (16...41).map { [$0] }) && kept.count <= 32, "\(kept)")
            await connection.close()
        }
    }

    @Test func anotherDeclarationOfOurQueueIsReported() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.declareQueue("loods.events.live", arguments: ["x-queue-type": "classic"])
            await connection.close()
            let error = await #expect(throws: MessagingError.self) {
                try await Topology.declare(BrokerConfiguration(broker))
            }
            #expect(error?.code == .topologyDiffers)
        }
    }

    /// Twenty returns are allowed; the twenty-first puts the body into the dead-letter queue with its history.
    @Test func whatIsReturnedTooOftenDiesAndCanBeConsumed() async throws {
        try await TestBroker.with(declared: false) { broker in
            let configuration = try BrokerConfiguration(broker)
            try await Topology.declare(configuration)
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            try await connection.publish(AMQPMessage(Array("poison".utf8), routingKey: "loods.signals.bulk"))
            let (consumer, deliveries) = try await connection.deliveries(queue: "loods.signals.bulk", prefetch: 1)
            var counts: [Int] = []
            for try await delivery in deliveries {
                counts.append(delivery.deliveryCount)
                await consumer.nack(delivery.tag)
                if counts.count == 21 { break }
            }
            #expect(counts == Array(0...20))
            let seen = BatchRecorder()
            let consumerOfDead = Consumer(
                configuration, queue: .dead, maximumBatch: (bodies: 10, bytes: 1_000), prefetch: 10,
                setAside: nothingSetAside, logger: quiet
            ) { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([consumerOfDead]) {
                try await eventually("the dead letter arrives") { seen.texts == ["poison"] }
            }
            let death = try #require(seen.batches.first?.first?.death)
            #expect(death.queue == "loods.signals.bulk")
            #expect(death.reason == "delivery_limit")
            await connection.close()
        }
    }
}
