import AMQP
import Messaging
import Synchronization
import TestSupport
import Testing

@Suite("Consumer")
struct ConsumerTests {
    private func consumer(
        _ broker: TestBroker, bodies: Int = 100, prefetch: Int = 200,
        setAside: @escaping Consumer.SetAside = nothingSetAside,
        handler: @escaping Consumer.Handler
    ) throws -> Consumer {
        try Consumer(
            BrokerConfiguration(broker), queue: .events, maximumBatch: (bodies: bodies, bytes: 1 << 20),
            prefetch: prefetch, setAside: setAside, logger: quiet, handler: handler)
    }

    private func publisher(_ broker: TestBroker) throws -> Publisher {
        try Publisher(BrokerConfiguration(broker), logger: quiet, timeout: .seconds(20))
    }

    private func ready(_ broker: TestBroker, _ lane: Lane = .live) async throws -> Int {
        let depths = try await Topology.depths(BrokerConfiguration(broker, "depths"))
        return depths.first { $0.queue == .events && $0.lane == lane }?.ready ?? -1
    }

    @Test func handsOverInBatchesInOrderAndEmptiesTheQueue() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            let seen = BatchRecorder()
            let gate = Gate()
            let consumer = try consumer(broker, bodies: 10) { batch in
                seen.record(batch)
                await gate.pass()
                return batch.map { _ in .ack }
            }
            let texts = (0..<50).map(String.init)
            try await running([publisher, consumer]) {
                try await publisher.publish(texts)
                gate.open()
                try await eventually("all are handled") { seen.texts == texts }
            }
            #expect(seen.batches.map(\.count).max()! <= 10)
            #expect(seen.batches.count < 50)
            #expect(try await ready(broker) == 0)
        }
    }

    @Test func liveGoesBeforeBulk() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            let connection = BrokerConnection(try BrokerConfiguration(broker), logger: quiet)
            let seen = BatchRecorder()
            let consumer = Consumer(
                on: connection, queue: .events, maximumBatch: (bodies: 2, bytes: 1 << 20), prefetch: 200,
                setAside: nothingSetAside, logger: quiet
            ) { batch in
                seen.record(batch)
                if batch[0].lane == .bulk {
                    // The broker may send live as late as it likes: bulk stands still until it is here, or through.
                    try? await eventually("live is here") {
                        connection.held.oldest.contains { $0.lane == .live }
                            || seen.texts.count { $0.hasPrefix("live") } == 4
                    }
                }
                return batch.map { _ in .ack }
            }
            try await publisher.publish((0..<20).map { "bulk-\($0)" }, lane: .bulk)
            try await running([publisher, consumer]) {
                try await eventually("bulk is begun") { !seen.batches.isEmpty }
                try await publisher.publish((0..<4).map { "live-\($0)" })
                try await eventually("all are handled") { seen.texts.count == 24 }
            }
            // Ten batches of bulk or more; no two of them in a row while live was not through.
            let lanes = seen.batches.map { $0[0].lane }
            let lastLive = try #require(lanes.lastIndex(of: .live))
            #expect(lanes.first == .bulk)
            #expect(lastLive <= 7)
            #expect(seen.batches.allSatisfy { batch in batch.allSatisfy { $0.lane == batch[0].lane } })
        }
    }

    @Test func retriesInPlaceWithoutAFailedAttempt() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            let seen = BatchRecorder()
            let consumer = try consumer(broker) { batch in
                seen.record(batch)
                let isThird = seen.batches.count(where: { $0.contains { $0.text == "a" } }) >= 3
                return batch.map { $0.text == "a" && !isThird ? .retry(after: .milliseconds(30)) : .ack }
            }
            try await running([publisher, consumer]) {
                try await publisher.publish(["a", "b", "c"])
                try await eventually("all are handled") { Set(seen.texts) == ["a", "b", "c"] }
                try await eventually("a has had its third attempt") { seen.texts.count { $0 == "a" } == 3 }
            }
            #expect(seen.batches.flatMap { $0 }.allSatisfy { $0.attempts == 0 })
            #expect(seen.texts.count { $0 == "b" } == 1)
            #expect(try await ready(broker) == 0)
        }
    }

    @Test func setsAsideAndTriesThatAgainUntilItIsKept() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            let kept = Mutex<[String]>([])
            let attempts = Mutex(0)
            let consumer = try consumer(
                broker,
                setAside: { delivery, reason in
                    let attempt = attempts.withLock {
                        $0 += 1
                        return $0
                    }
                    if attempt == 1 { throw MessagingError(.away, "the store is away") }
                    kept.withLock { $0.append("\(delivery.text): \(reason)") }
                }
            ) { batch in
                batch.map { $0.text == "poison" ? .setAside(reason: "unreadable") : .ack }
            }
            try await running([publisher, consumer]) {
                try await publisher.publish(["a", "poison", "b"])
                try await eventually("it is kept") { kept.withLock { $0 } == ["poison: unreadable"] }
            }
            #expect(attempts.withLock { $0 } == 2)
            #expect(try await ready(broker) == 0)
        }
    }

    @Test func shutdownReturnsWhatIsRetriedAndWhatStandsBehindItInOrder() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            try await publisher.publish((0..<20).map(String.init))
            let seen = BatchRecorder()
            let first = try consumer(broker, bodies: 5, prefetch: 10) { batch in
                seen.record(batch)
                return batch.map { $0.text == "3" ? .retry(after: .seconds(60)) : .ack }
            }
            try await running([first]) {
                try await eventually("one is retried") { seen.texts.contains("3") }
            }
            let handled = Set(seen.texts).subtracting(["3"])
            #expect(seen.texts == (0..<seen.texts.count).map(String.init))
            let rest = BatchRecorder()
            let second = try consumer(broker) { batch in
                rest.record(batch)
                return batch.map { _ in .ack }
            }
            let expected = (0..<20).map(String.init).filter { !handled.contains($0) }
            // Or else the second is sent what was never out before what is on its way back.
            try await eventually("the broker has them all again") { try await ready(broker) == expected.count }
            try await running([second]) {
                try await eventually("the rest comes") { rest.texts.count >= expected.count }
            }
            #expect(rest.texts == expected)
            await publisher.close()
        }
    }

    @Test func aGracefulShutdownIsNoFailedAttempt() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            try await publisher.publish((0..<40).map(String.init))
            let seen = BatchRecorder()
            let gate = Gate()
            let first = try consumer(broker, bodies: 5, prefetch: 10) { batch in
                seen.record(batch)
                if batch.count > 1 { await gate.pass() }
                return batch.map { _ in .ack }
            }
            try await running([first]) {
                try await eventually("a batch of several is under way") { seen.batches.contains { $0.count > 1 } }
                Task { gate.open() }  // awaited by the group's shutdown: the handler ends only then
            }
            #expect(try await ready(broker) == 40 - seen.texts.count)
            let second = try consumer(broker) { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([second]) {
                try await eventually("the rest comes") { seen.texts.count >= 40 }
            }
            #expect(seen.texts == (0..<40).map(String.init))
            #expect(seen.batches.flatMap { $0 }.filter { $0.attempts > 0 }.map(\.text) == [])
            await publisher.close()
        }
    }

    @Test func nothingIsTakenBeforeItIsOfUse() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            try await publisher.publish(["a"])
            let seen = BatchRecorder()
            let (asked, gate) = (Gate(), Gate())
            let consumer = try Consumer(
                BrokerConfiguration(broker), queue: .events, maximumBatch: (bodies: 1, bytes: 1), prefetch: 1,
                setAside: nothingSetAside,
                untilUsable: {
                    asked.open()
                    await gate.pass()
                }, logger: quiet
            ) { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([consumer]) {
                await asked.pass()
                #expect(consumer.availability == .connected)
                #expect(try await ready(broker) == 1)
                gate.open()
                try await eventually("it is handled") { seen.texts == ["a"] }
            }
            await publisher.close()
        }
    }

    @Test func whatWasTakenTwiceComesAlone() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            try await publisher.publish(["a", "b", "c"])
            // Two workers that take everything and settle nothing before they are gone.
            for _ in 0..<2 {
                let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
                let (_, deliveries) = try await connection.deliveries(queue: "loods.events.live", prefetch: 10)
                for try await delivery in deliveries where delivery.body == Array("c".utf8) { break }
                await connection.close()
            }
            try await publisher.publish(["d", "e"])
            let seen = BatchRecorder()
            let consumer = try consumer(broker) { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([consumer]) {
                try await eventually("all are handled") { seen.texts == ["a", "b", "c", "d", "e"] }
            }
            #expect(seen.batches.prefix(3).map(\.count) == [1, 1, 1])
            #expect(seen.batches.flatMap { $0 }.map(\.isSuspect) == [true, true, true, false, false])
            await publisher.close()
        }
    }

    @Test func aDeletedQueueIsDeclaredAgainAndConsumed() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try publisher(broker)
            let seen = BatchRecorder()
            let consumer = try consumer(broker) { batch in
                seen.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([publisher, consumer]) {
                try await publisher.publish(["before"])
                try await eventually("the first is handled") { seen.texts == ["before"] }
                try await broker.call("DELETE", "queues/\(broker.vhost)/loods.events.live")
                try await eventually("the next one goes through") {
                    do {
                        try await publisher.publish(["after"])
                        return true
                    } catch {
                        #expect((error as? MessagingError)?.isTransient == true)
                        return false
                    }
                }
                try await eventually("and is handled") { seen.texts.last == "after" }
            }
        }
    }
}
