import AMQP
import Laboratory
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit

@Suite struct DeadLetterTests {
    @Test func whatTheBrokerGaveUpOnIsKeptUnderItsQueueWithItsAttempts() async throws {
        try await TestStage.with { stage in
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: stage.broker.url))
            try await connection.publish(AMQPMessage([1, 2, 3], routingKey: "loods.signals.bulk"))
            let (consumer, deliveries) = try await connection.deliveries(queue: "loods.signals.bulk", prefetch: 1)
            var count = 0
            for try await delivery in deliveries {
                await consumer.nack(delivery.tag)
                count += 1
                if count == 21 { break }
            }
            let worker = try stage.worker()
            let letters = DeadLetters(intake: worker.intake, sink: worker.setAside, logger: worker.logger)
            try await stage.running(worker.services + [letters]) {
                let item = try await eventually("it is set aside") {
                    try await stage.database.pool.withConnection { try SetAside.list(all: false, in: $0) }.first
                }
                #expect(item.queue == "signals")
                #expect(item.lane == "bulk")
                #expect(item.attempts == 21)
                #expect(item.body == [1, 2, 3])
                #expect(item.reason == "workers took it 21 times and never settled it: it may kill whoever takes it")
            }
            await connection.close()
        }
    }

    @Test(arguments: [Int.max, Int(Int32.max), 1_000]) func attemptsOfAnySizeAreKept(attempts: Int) async throws {
        try await TestDatabase.with { database in
            let sink = SetAsideSink(pool: database.pool, clock: .host, worker: "test")
            let delivery = Delivery(queue: .events, lane: .live, body: [1], attempts: attempts)
            for _ in 0..<2 { try await sink.keep(delivery, reason: "poison") }
            let kept = try await database.pool.withConnection { try SetAside.list(all: false, in: $0) }
            #expect(kept.map(\.attempts) == [attempts == 1_000 ? 2_002 : Int32.max])
        }
    }
}
