@testable import Delivery
import Laboratory
import Messaging
import Model
import Postgres
import SMTP
import SendGate
import Store
import Synchronization
import TestSupport
import Testing
import Transit

/// Claims find whom a hint meant, and are not held up by what cannot be claimed.
@Suite struct ClaimDeskTests {
    @Test func aHintForAContactThatHasMergedFindsTheSurvivor() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["bob"])
            let (anne, bob) = (bench.contact("anne"), bench.contact("bob"))
            try await bench.database.pool.withTransaction { session in
                try Contacts.lock([anne, bob], in: session)
                _ = try SendStates.lock([anne, bob], in: session)
                try Merging.merge(bob, into: anne, now: Bench.start, in: session)
            }
            try await bench.send(to: "bob")
            #expect(bench.sink.recipients == ["anne@mail.example"])
            #expect(try await bench.messages() == ["receipt accepted"])
        }
    }

    @Test func aClaimThatWaitsForAMergeGoesToTheSurvivor() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["bob"])
            let (anne, bob) = (bench.contact("anne"), bench.contact("bob"))
            let mailer = try await bench.mailer()
            let claiming = Mutex<Task<ClaimDesk.Batch, any Error>?>(nil)
            try await bench.database.pool(connections: 1).withTransaction { session in
                try Contacts.lock([anne, bob], in: session)
                _ = try SendStates.lock([anne, bob], in: session)
                claiming.withLock { $0 = Task { try await mailer.claim([bob]) } }
                try session.waitForWaiter()
                try Merging.merge(bob, into: anne, now: Bench.start, in: session)
            }
            let batch = try await claiming.withLock { $0 }?.value
            #expect(batch?.messages.map(\.claimed.message.contact) == [anne])
            #expect(batch?.messages.map(\.address) == ["anne@mail.example"])
        }
    }

    @Test func whatBelongsToAPausedJourneyIsHeldUntilItGoesOn() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            let workspace = bench.contact("anne").workspace
            func pause(_ instant: Timestamp?) async throws {
                _ = try await bench.database.pool.withTransaction { session in
                    try session.execute(
                        """
                        insert into journeys (workspace_id, journey, paused_at) values (\(workspace), 'welcome', \(instant))
                        on conflict (workspace_id, journey) do update set paused_at = excluded.paused_at
                        """)
                }
            }
            try await pause(Bench.start)
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == [])
            let reasons = Int32(bitPattern: Reasons.journeyPaused.rawValue)
            #expect(
                try await bench.texts(
                    "select state from messages where due_at = \(Pauses.never) and reasons = \(reasons)") == ["planned"]
            )
            try await pause(nil)
            let released = try await bench.database.pool.withTransaction { session in
                let held = try Pauses.planned(of: "welcome", held: true, in: workspace, session: session)
                return try Pauses.release(
                    held, .send, spread: Pauses.Spread(start: Bench.start, length: .zero), in: workspace,
                    session: session)
            }
            #expect(released == 1)
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == ["anne@mail.example"])
        }
    }

    @Test func theEventIsReadWhereATemplateMentionsIt() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("order", to: ["anne"])
            try await bench.plan("receipt", to: ["anne"])
            let anne = bench.contact("anne")
            _ = try await bench.database.pool.withTransaction { session in
                _ = try session.execute(
                    """
                    insert into event_log values (
                        \(anne.workspace), \(anne.contact), \(Bench.start), 'e', \(Bench.start), \(Bench.start), 0, 1, 0,
                        'Order Completed', '{"order": "A1"}', '{}')
                    """)
            }
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([anne])
            let entries = batch.messages.map { ($0.claimed.message.template, $0.entry?.name) }
            #expect(Dictionary(uniqueKeysWithValues: entries) == ["order": "Order Completed", "receipt": nil])
            await mailer.room.send(batch)
            await mailer.relay.shutdown()
            #expect(bench.sink.mails.contains { $0.header("Subject") == "Order A1" })
        }
    }

    @Test func whatCannotBeClaimedIsPutOffForLongerEachTime() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne"], topic: "offers", revision: 99)
            try await bench.plan("receipt", to: ["anne", "bob"])
            let mailer = try await bench.mailer()
            for wait in [1, 2, 4, 8] as [Int64] {
                try await mailer.send([bench.contact("anne"), bench.contact("bob")])
                let due = try await bench.texts(
                    """
                    select message_id::text from messages
                    where retry_at = \(bench.machine.now + .seconds(wait)) and look_at = retry_at
                    """)
                #expect(due.count == 1)
                bench.machine.advance(.seconds(wait))
            }
            #expect(try await bench.messages() == ["offer planned", "receipt accepted", "receipt accepted"])
            let reply = try await bench.texts("select reply from messages where state = 'planned'")
            #expect(reply.first?.hasPrefix("not claimed: ") == true)
            await mailer.relay.shutdown()
        }
    }

    @Test(.timeLimit(.minutes(10))) func whatCannotBeClaimedDoesNotStarveTheRest() async throws {
        try await TestStage.with(clock: .stepped(at: Bench.start)) { stage in
            try await MailSink.with { sink in
                let bench = try await Bench(stage.database, sink)
                let stuck = (0..<900).map { "stuck\($0)" }
                try await bench.know(stuck + ["anne"])
                try await bench.plan("receipt", to: stuck, revision: 99)
                try await bench.plan("receipt", to: ["anne"])
                let worker = try stage.worker("mailer")
                let service = MailerService(worker: worker, settings: try bench.settings())
                try await stage.running(worker.services + [service]) {
                    try await eventually("the one that can go has gone") { sink.recipients == ["anne@mail.example"] }
                }
            }
        }
    }
}
