@testable import Journeys
import Contracts
import Laboratory
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing
import Transit

/// Signals from the queue.
@Suite struct SignalConsumerTests {
    private static func delivery(_ signals: Signal...) -> Delivery {
        Delivery(queue: .signals, lane: .live, body: SignalBatch(id: .random(), signals: signals).encoded)
    }

    @Test func onePoisonousSignalIsSetAsideAlone() async throws {
        try await Bench.with { bench in
            let broken = try await bench.happens("Order Completed", "o", to: "bob", .object(["order": "A"]))
            try await bench.act(on: broken)
            try await bench.change("delete from runs")
            try await bench.change("update messages set template = 'offer'")
            let consumer = SignalConsumer(
                worker: try await Bench.worker(on: bench.database.pool(connections: 2, as: "scheduler")))
            let settlements = await consumer.handle([
                Self.delivery(try await bench.happens("Signed Up", "s", to: "anne"), broken),
                Self.delivery(try await bench.happens("Signed Up", "s", to: "cor")),
            ])
            #expect(settlements == [.ack, .ack])
            #expect(try await bench.texts("select count(*)::text from runs") == ["2"])
            #expect(try await bench.texts("select queue || ' ' || lane from set_aside") == ["signals live"])
        }
    }

    @Test func aBodyOfAnUnknownVersionIsSetAside() async throws {
        try await Bench.with { bench in
            var unknown = Self.delivery(try await bench.happens("Signed Up", "s"))
            unknown.body[2] = 99
            let consumer = SignalConsumer(
                worker: try await Bench.worker(on: bench.database.pool(connections: 2, as: "scheduler")))
            let settlements = await consumer.handle([unknown])
            #expect(settlements == [.setAside(reason: "\(ContractError.unknownVersion(99))")])
        }
    }

    @Test func signalsComeByTheQueueAndTimersFireByThemselves() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            let bench = try await Bench(stage.database)
            let worker = try stage.worker("scheduler")
            let signal = try await bench.happens("Order Completed", "o", .object(["order": "A"]))
            let body = SignalBatch(id: .random(), signals: [signal]).encoded
            let services =
                worker.services + [SignalConsumer(worker: worker), TimerLoop(worker: worker, catchUpRate: 10_000)]
            try await stage.running(services) {
                try await stage.broker.publish([body, body], to: .signals)
                try await eventually("a message is planned") { try await bench.sendPlanned(to: "anne") == 1 }
                try await eventually("the verdict has ended the run") {
                    try await bench.runs() == ["receipt finished"]
                }
                try await eventually("both bodies are settled, and the hint is out") {
                    let unpublished = try await bench.texts("select queue from outbox")
                    return try await stage.broker.ready(in: .signals) == 0 && unpublished.isEmpty
                }
            }
            // A body that was slow to be confirmed may have been published again.
            let hints = try Set(try await stage.broker.take(from: .messages))
                .flatMap { try MessageHints(decoding: $0).hints }
            #expect(hints.map(\.contact) == [bench.contact("anne")])
        }
    }
}
