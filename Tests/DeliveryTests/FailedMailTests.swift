import Contracts
@testable import Delivery
import Messaging
import Model
import Pacing
import Postgres
import SMTP
import SendGate
import Store
import TestSupport
import Testing

/// What refusals by mail servers do to addresses and senders.
@Suite struct FailedMailTests {
    private static func refusing(_ reply: String) -> @Sendable (MailSink.Moment) -> MailSink.Answer? {
        { if case .recipient(let who) = $0, who.hasPrefix("anne") { .reply(reply) } else { nil } }
    }

    @Test func anInvalidAddressIsSuppressedAtOnceAndWhatIsPlannedForItWithdrawn() async throws {
        try await Bench.with(Self.refusing("550 5.1.1 user unknown")) { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne")])
            // Planned while the first is on its way: it is withdrawn, and its run is told.
            try await bench.plan("receipt", to: ["anne", "bob"])
            try await bench.change(
                "update contacts set attributes = attributes || '{\"email\": \"ANNE@mail.example\"}'")
            await mailer.room.send(batch)
            #expect(
                try await bench.texts("select address || ' ' || reason || ' ' || detail from suppressions") == [
                    "anne@mail.example invalid-address 550 5.1.1 user unknown"
                ])
            #expect(
                try await bench.messages() == [
                    "offer refused", "receipt withdrawn", "receipt withdrawn",
                ], "whoever gets mail at that address gets none any more")
            #expect(
                try await bench.texts("select distinct reasons::text from messages where state = 'withdrawn'") == [
                    "\(Reasons.suppressed.rawValue)"
                ])
            #expect(
                try await bench.texts("select failure || ' ' || failure_status from messages where failure is not null")
                    == ["invalid 5.1.1"])
            #expect(try await bench.bells() == 3)
            #expect(
                try await bench.outcomes().sorted() == [
                    "Address Suppressed", "Address Suppressed", "Email Refused",
                ])
            let refused = try #require(try await bench.events().first { $0.name == "Email Refused" })
            #expect(refused.0["class"] == .string("invalid"))
            #expect(refused.0["status"] == .string("5.1.1"))
            try await bench.plan("offer", to: ["anne"], topic: "offers", step: "again")
            try await mailer.send([bench.contact("anne")])
            #expect(try await bench.texts("select state from messages where step = 'again'") == ["skipped"])
            await mailer.relay.shutdown()
        }
    }

    /// Plans a mail at a day of domain time, and has it sent.
    private static func send(_ step: String, on day: Int64, _ bench: Bench, _ mailer: Bench.Mailer) async throws {
        let now = Bench.start + .days(day)
        try await bench.change("update clock set at = \(now)")
        try await bench.plan("offer", to: ["anne"], topic: "offers", step: step)
        try await mailer.send([bench.contact("anne")])
    }

    private static func suppressed(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select address || ' ' || reason from suppressions")
    }

    @Test(arguments: ["552 5.2.2 mailbox full", "554 no"])
    func aBoxThatTakesNothingIsGivenUpAfterThreeMailsOverFifteenDays(reply: String) async throws {
        try await Bench.with(Self.refusing(reply)) { bench in
            try await bench.know(["anne"])
            let mailer = try await bench.mailer()
            for (step, day) in [("a", 0), ("b", 8), ("c", 14)] {
                try await Self.send(step, on: Int64(day), bench, mailer)
            }
            #expect(try await Self.suppressed(bench) == [], "three, over fourteen days")
            try await Self.send("d", on: 15, bench, mailer)
            #expect(try await Self.suppressed(bench) == ["anne@mail.example invalid-address"])
            await mailer.relay.shutdown()
        }
    }

    /// Many providers put off what is for a full box, until its sender gives up.
    @Test func aBoxThatIsFullToTheLastIsGivenUpToo() async throws {
        try await Bench.with(Self.refusing("452 4.2.2 mailbox full")) { bench in
            try await bench.know(["anne"])
            let mailer = try await bench.mailer()
            for (step, day) in [("a", 0), ("b", 8), ("c", 16)] {
                try await Self.send(step, on: Int64(day), bench, mailer)
                #expect(try await Self.suppressed(bench) == [])
                #expect(try await bench.texts("select state from messages where step = \(step)") == ["planned"])
                // As often as it may be.
                try await bench.change("update messages set deferrals = 24 where step = \(step)")
                bench.machine.advance(.hours(5))
                try await mailer.send([bench.contact("anne")])
                #expect(try await bench.texts("select state from messages where step = \(step)") == ["expired"])
            }
            #expect(try await Self.suppressed(bench) == ["anne@mail.example invalid-address"])
            await mailer.relay.shutdown()
        }
    }

    @Test func aMailThatIsTakenBeginsTheCountAnew() async throws {
        let answers: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .finalDot = $0 { .reply("552 5.2.2 mailbox full") } else { nil }
        }
        try await Bench.with(answers) { bench in
            try await bench.know(["anne"])
            let mailer = try await bench.mailer()
            for (step, day) in [("a", 0), ("b", 8), ("c", 10)] {
                try await Self.send(step, on: Int64(day), bench, mailer)
            }
            // The second was delivered after all.
            try await bench.change("update messages set state = 'accepted', failure = null where step = 'b'")
            try await Self.send("d", on: 20, bench, mailer)
            #expect(try await Self.suppressed(bench) == [], "two since then")
            try await Self.send("e", on: 25, bench, mailer)
            #expect(try await Self.suppressed(bench) == ["anne@mail.example invalid-address"])
            await mailer.relay.shutdown()
        }
    }

    @Test func aSendersFaultStopsTheSenderAndLosesNothing() async throws {
        try await Bench.with({ moment in
            if case .finalDot = moment { .reply("550 5.7.26 unauthenticated") } else { nil }
        }) { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(
                try await bench.texts(
                    "select domain || ' ' || class || ' ' || status || ' ' || reply from sender_pauses")
                    == ["shop.example marketing 5.7.26 550 5.7.26 unauthenticated"])
            #expect(try await bench.messages() == ["offer planned"])
            #expect(try await bench.texts("select failure from messages") == ["policy"])
            #expect(try await Self.suppressed(bench) == [])
            #expect(try await bench.outcomes() == [], "nothing has come of it yet")
            // Whatever else is planned of it is held, and what is transactional goes on.
            try await bench.plan("news", to: ["bob"], topic: "offers")
            try await bench.plan("receipt", to: ["bob"])
            let moments = bench.sink.moments.count
            try await bench.send(to: "anne", "bob")
            #expect(bench.sink.recipients == [])
            #expect(bench.sink.moments.count > moments, "the receipt was tried")
            #expect(
                try await bench.texts(
                    "select template from messages where reasons & \(Int32(Reasons.senderPaused.rawValue)) <> 0 order by 1"
                )
                    == ["news", "offer"])
            #expect(try await bench.bells() == 0)
        }
    }

    @Test func whatIsRefusedThriceIsGivenUpAndTheOthersGo() async throws {
        try await Bench.with(Self.refusing("554 5.7.1 not for this list")) { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne", "bob"], topic: "offers")
            for round in 1...3 {
                try await bench.change("delete from sender_pauses")
                try await bench.change(
                    "update messages set due_at = null, look_at = \(Bench.start) where state = 'planned'")
                bench.machine.advance(.minutes(1))
                try await bench.send(to: "anne")
                #expect(
                    try await bench.texts("select refusals::text from messages where address like 'anne%'") == [
                        "\(min(round, 2))"
                    ])
            }
            #expect(try await bench.texts("select domain from sender_pauses") == [], "the third stops nobody")
            #expect(try await bench.texts("select state from messages where address like 'anne%'") == ["refused"])
            #expect(try await Self.suppressed(bench) == [])
            bench.machine.advance(.minutes(1))
            try await bench.send(to: "bob")
            #expect(bench.sink.recipients == ["bob@mail.example"])
        }
    }

    @Test func aHeldMailGoesOnWhenItsSenderDoes() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            let sender = SenderPauses.Sender(workspace: bench.workspace, domain: "shop.example", class: .marketing)
            let bit = Reasons.senderPaused.rawValue
            let begun = try await bench.database.pool.withTransaction { session in
                let pause = SenderPauses.Pause(sender: sender, at: Bench.start, author: "test")
                let first = try SenderPauses.begin([pause, pause], in: session)
                return (first, try SenderPauses.begin([pause], in: session))
            }
            #expect(begun == ([sender], []))
            try await bench.send(to: "anne")
            #expect(bench.sink.moments.isEmpty)
            let released = try await bench.database.pool.withTransaction { session in
                let isEnded = try SenderPauses.end(sender, in: session)
                let others = try SenderPauses.held(.transactional, reasons: bit, in: bench.workspace, session: session)
                let held = try SenderPauses.held(.marketing, reasons: bit, in: bench.workspace, session: session)
                let released = try Pauses.release(
                    held, .send, spread: .init(start: Bench.start, length: .zero), in: bench.workspace, session: session
                )
                return (isEnded, others.count, released)
            }
            #expect(released == (true, 0, 1))
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == ["anne@mail.example"])
        }
    }
}
