import AMQP
import TestSupport
import Testing

@testable import Messaging

/// The queues as releases have declared them.
///
/// RabbitMQ refuses a declaration with other arguments than a queue was made with, and services of both releases declare
/// all queues whenever they connect: a changed argument would keep whichever comes second from working at all.
@Suite struct ReleasedTopologyTests {
    /// Each queue with its arguments, as the release b4ce6ff made it. A line never changes; a new queue adds one when it
    /// is released.
    private static let released = """
        loods.dead x-queue-type=quorum x-overflow=reject-publish x-max-length-bytes=68719476736 \
        x-queue-leader-locator=balanced x-delivery-limit=1000000000
        loods.withdrawals.live x-queue-type=quorum x-overflow=reject-publish x-max-length-bytes=68719476736 \
        x-queue-leader-locator=balanced x-delivery-limit=20 x-single-active-consumer=true \
        x-dead-letter-exchange= x-dead-letter-routing-key=loods.dead x-dead-letter-strategy=at-least-once
        """
        + ["messages", "signals", "events"].flatMap { queue in
            ["live", "bulk"].map { lane in
                """

                loods.\(queue).\(lane) x-queue-type=quorum x-overflow=reject-publish x-max-length-bytes=68719476736 \
                x-queue-leader-locator=balanced x-delivery-limit=20 \
                x-dead-letter-exchange= x-dead-letter-routing-key=loods.dead x-dead-letter-strategy=at-least-once
                """
            }
        }.joined()

    private static let queues: [(name: String, arguments: AMQPTable)] = released.split(separator: "\n").map { line in
        let parts = line.split(separator: " ")
        let arguments =
            parts.dropFirst().map { part in
                let (key, value) = (part.prefix { $0 != "=" }, part.drop { $0 != "=" }.dropFirst())
                return (String(key), Int64(value).map { .int($0) } ?? (value == "true" ? true : .string(String(value))))
            } as [(String, AMQPValue)]
        return (String(parts[0]), Dictionary(uniqueKeysWithValues: arguments))
    }

    private static let wayOut: Comment = """
        a released queue's arguments never change, for releases run side by side: give the queue a new name \
        (loods.events2.live), publish to it, and consume the old one as well until it is empty everywhere; what may differ \
        between clusters belongs into a policy
        """

    @Test func aReleasedQueueKeepsItsArguments() {
        #expect(Self.queues.count == 8)
        var declared: [String: AMQPTable] = [:]
        for queue in QueueName.all {
            for lane in queue.lanes { declared[queue.name(in: lane)] = Topology.arguments(of: queue) }
        }
        for (name, arguments) in Self.queues { #expect(declared[name] == arguments, Self.wayOut) }
    }

    @Test func theBrokerTakesThisDeclarationAfterThatOfTheReleaseBefore() async throws {
        try await TestBroker.with(declared: false) { broker in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            for (name, arguments) in Self.queues { try await connection.declareQueue(name, arguments: arguments) }
            await connection.close()
            await #expect(throws: Never.self, Self.wayOut) { try await Topology.declare(BrokerConfiguration(broker)) }
        }
    }
}
