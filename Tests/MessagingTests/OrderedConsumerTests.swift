import Messaging
import Synchronization
import TestSupport
import Testing

/// What is handled had nothing before it left, whoever takes over from whom.
@Suite("OrderedConsumer")
struct OrderedConsumerTests {
    private func consumer(_ broker: TestBroker, _ name: String, handler: @escaping Consumer.Handler) throws
        -> OrderedConsumer
    {
        OrderedConsumer(
            on: BrokerConnection(try BrokerConfiguration(broker, name), logger: quiet), queue: .withdrawals,
            maximumBatch: (bodies: 8, bytes: 1 << 20), setAside: nothingSetAside, logger: quiet, handler: handler)
    }

    private func publish(_ texts: [String], _ broker: TestBroker) async throws {
        let publisher = Publisher(try BrokerConfiguration(broker), logger: quiet, timeout: .seconds(20))
        for text in texts { try await publisher.publish(Array(text.utf8), to: .withdrawals, lane: .live) }
        await publisher.close()
    }

    @Test(.timeLimit(.minutes(10))) func whatIsRetriedHoldsUpWhatCameAfterIt() async throws {
        try await TestBroker.with(declared: false) { broker in
            try await Topology.declare(BrokerConfiguration(broker))
            let seen = BatchRecorder()
            let tries = Mutex(0)
            let texts = (0..<20).map(String.init)
            try await publish(texts, broker)
            let consumer = try consumer(broker, "one") { batch in
                let isThird = tries.withLock { tries in
                    tries += 1
                    return tries > 2
                }
                // The first is done, the rest is not.
                let done = isThird ? batch.count : 1
                seen.record(Array(batch.prefix(done)))
                return batch.indices.map { $0 < done ? .ack : .retry(after: .milliseconds(10)) }
            }
            let running = Task { await consumer.run() }
            try await eventually("all are handled") { seen.texts == texts }
            running.cancel()
            await running.value
        }
    }

    @Test(.timeLimit(.minutes(10))) func whoTakesOverBeginsWhereTheOtherLeft() async throws {
        try await TestBroker.with(declared: false) { broker in
            try await Topology.declare(BrokerConfiguration(broker))
            let (held, seen) = (BatchRecorder(), BatchRecorder())
            let texts = (0..<30).map(String.init)
            let first = try consumer(broker, "first") { batch in
                held.record(batch)
                return batch.map { _ in .retry(after: .milliseconds(10)) }
            }
            let second = try consumer(broker, "second") { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            let holding = Task { await first.run() }
            try await publish(Array(texts[..<1]), broker)
            try await eventually("the first has it") { !held.batches.isEmpty }
            let waiting = Task { await second.run() }
            try await publish(Array(texts[1...]), broker)
            // The broker does not tell of those who wait their turn; whether the second does by now is all the same.
            #expect(seen.batches.isEmpty, "one at a time")
            holding.cancel()
            await holding.value
            try await eventually("the second has had all") { seen.texts.count == texts.count }
            #expect(seen.texts == texts)
            #expect(seen.batches.first?.first?.attempts == 1)
            waiting.cancel()
            await waiting.value
        }
    }
}
