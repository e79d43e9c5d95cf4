import AMQP
import Synchronization
import TestSupport
import Testing

@testable import Messaging

@Suite("A body that kills workers")
struct KillingBodyTests {
    /// A worker that dies takes its connection with it and has settled nothing of what it held.
    @Test(arguments: Lane.allCases) func diesAlone(lane: Lane) async throws {
        try await TestBroker.with(declared: false) { broker in
            let neighbours = (0..<40).map { "\(lane)-\($0)" }
            let others = (0..<20).map { "other-\($0)" }
            let publisher = try Publisher(BrokerConfiguration(broker), logger: quiet)
            try await publisher.publish(neighbours[..<10] + ["killer"] + neighbours[10...], lane: lane)
            try await publisher.publish(others, lane: lane == .live ? .bulk : .live)
            let intake = try BrokerConnection(BrokerConfiguration(broker), logger: quiet)
            let (settled, killed) = (BatchRecorder(), BatchRecorder())
            let consumer = Consumer(
                on: intake, queue: .events, maximumBatch: (bodies: 32, bytes: 1 << 20), prefetch: 48,
                setAside: nothingSetAside, logger: quiet
            ) { batch in
                let kills = batch.contains { $0.text == "killer" }
                (kills ? killed : settled).record(batch)
                if kills { try? await intake.connection().close() }
                return batch.map { _ in .ack }
            }
            let dead = BatchRecorder()
            let undertaker = try Consumer(
                BrokerConfiguration(broker), queue: .dead, maximumBatch: (bodies: 1, bytes: 1), prefetch: 1,
                setAside: nothingSetAside, logger: quiet
            ) { batch in
                dead.record(batch)
                return batch.map { _ in .ack }
            }
            try await running([consumer, undertaker]) {
                try await eventually("the killer is dead") { !dead.texts.isEmpty }
                try await eventually("all others are handled") {
                    Set(settled.texts) == Set(neighbours + others)
                }
            }
            let ready = try await Topology.depths(BrokerConfiguration(broker)).map(\.ready)
            #expect(ready.allSatisfy { $0 == 0 })
            #expect(dead.texts == ["killer"])
            #expect(dead.batches[0][0].death?.deliveries == killed.batches.count)
            let attempts = settled.batches.flatMap { $0 }.map(\.attempts).max() ?? 0
            #expect(attempts <= 6, "neighbours may be hit before it is known, and hardly after")
            await publisher.close()
        }
    }
}
