@testable import Delivery
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing
import Transit

/// Mailers on a store that was restored.
@Suite struct RestoredStoreTests {
    /// Makes the store look as one that mails were sent from elsewhere.
    private static func moveAway(_ bench: Bench) async throws {
        try await bench.database.pool.withTransaction { session in
            _ = try session.execute("update lineage set timeline = timeline + 1, mark = 5")
        }
    }

    private static func fence(_ bench: Bench, sentUntil: Timestamp) async throws {
        try await bench.database.pool.withTransaction { session in
            let order = Fence.Order(id: .random(), by: "test", restoredAt: Bench.start, sentUntil: sentUntil)
            _ = try Fence.raise(order, machineNow: Bench.start, in: session)
        }
    }

    @Test func nothingIsClaimedOrHandedOver() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne"])
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            #expect(batch.messages.count == 1)
            try await Self.moveAway(bench)
            try await bench.plan("receipt", to: ["bob"])
            await #expect(throws: StoreError.self) {
                try await mailer.desk.claim([bench.contact("bob")], withTopic: true)
            }
            // What was in hand before goes back: the fence in the hand-over sees it too.
            await mailer.room.send(batch)
            #expect(bench.sink.recipients.isEmpty)
            #expect(try await bench.messages() == ["receipt planned", "receipt planned"])
            #expect(await !mailer.lineage.isAccepted)
            await mailer.relay.shutdown()
        }
    }

    @Test func whatIsPlannedAgainFromBeforeIsUnknownAndTheRestGoesOut() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob", "carl"])
            try await bench.plan("receipt", to: ["anne"])
            try await Self.moveAway(bench)
            try await Self.fence(bench, sentUntil: Bench.start)
            #expect(try await bench.messages() == ["receipt unknown"])
            try await bench.plan("receipt", to: ["bob", "carl"])
            try await bench.database.pool.withTransaction { session in
                // Bob's timer was due before, and has fired again; Carl has ordered since.
                for (user, cause) in [("bob", Bench.start), ("carl", Bench.start + .seconds(1))] {
                    try session.execute(
                        """
                        update messages set cause_at = \(cause), planned_at = \(Bench.start + .hours(1))
                        where contact_id = \(bench.contact(user).contact)
                        """)
                }
            }
            try await bench.send(to: "bob", "carl")
            #expect(bench.sink.recipients == ["carl@mail.example"])
            #expect(try await bench.messages() == ["receipt accepted", "receipt unknown", "receipt unknown"])
            #expect(try await bench.outcomes().count { $0 == "Email Unknown" } == 1)
        }
    }
}
