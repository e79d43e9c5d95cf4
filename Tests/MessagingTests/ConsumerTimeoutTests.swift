import Messaging
import Synchronization
import TestSupport
import Testing

/// The broker takes back what is held for too long (consumer_timeout) and closes the channel: the consumer goes on.
@Suite("A consumer that holds too long")
struct ConsumerTimeoutTests {
    /// RabbitMQ looks once a minute, here more often.
    private static let settings = """
        application:set_env(rabbit, channel_tick_interval, 200), application:set_env(rabbit, consumer_timeout, 1000).
        """

    @Test(.timeLimit(.minutes(10))) func getsItAgainAndGoesOn() async throws {
        try await OwnBroker.with { broker in
            try await broker.control("eval", Self.settings)
            let configuration = try BrokerConfiguration(url: broker.url, connectionName: "test")
            try await Topology.declare(configuration)
            let publisher = Publisher(configuration, logger: quiet, timeout: .seconds(20))
            let texts = (0..<5).map(String.init)
            try await publisher.publish(texts)
            await publisher.close()

            let seen = BatchRecorder()
            let isFirst = Mutex(true)
            let consumer = Consumer(
                configuration, queue: .events, maximumBatch: (bodies: 2, bytes: 1 << 20), prefetch: 3,
                setAside: nothingSetAside, logger: quiet
            ) { batch in
                seen.record(batch)
                let mustHold = isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                if mustHold {
                    try? await eventually("the broker has taken everything back") {
                        try await Topology.depths(configuration).contains { $0.queue == .events && $0.ready == 5 }
                    }
                }
                return batch.map { _ in .ack }
            }
            try await running([consumer]) {
                try await eventually("all are handled after that") {
                    Set(seen.texts.dropFirst(seen.batches.first?.count ?? 0)) == Set(texts)
                }
            }
            let depths = try await Topology.depths(configuration)
            #expect(depths.allSatisfy { $0.ready == 0 }, "nothing is left, and nothing died")
        }
    }
}
