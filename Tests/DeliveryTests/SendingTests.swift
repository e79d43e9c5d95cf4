import Contracts
@testable import Delivery
import Messaging
import Model
import Postgres
import SMTP
import Store
import Synchronization
import TestSupport
import Testing
import Transit

/// What mail servers and broken connections make of a message.
@Suite struct SendingTests {
    @Test(arguments: [true, false])
    func aDeferralIsTriedAgainLater(atRecipient: Bool) async throws {
        let asked = Mutex(0)
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = { moment in
            guard case .recipient = moment else {
                return !atRecipient
                    && asked.withLock({
                        $0 += 1; return $0 == 1
                    }) ? .reply("451 4.7.1 later") : nil
            }
            return atRecipient
                && asked.withLock({
                    $0 += 1; return $0 == 1
                }) ? .reply("451 4.7.1 later") : nil
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer planned"])
            #expect(
                try await bench.texts("select deferrals::text || ' ' || reply from messages") == [
                    "1 451 4.7.1 later"
                ])
            #expect(try await bench.bells() == 0, "its run stays parked")
            try await bench.send(to: "anne")
            #expect(bench.sink.mails.isEmpty)
            bench.machine.advance(.minutes(20))
            try await bench.send(to: "anne")
            #expect(bench.sink.mails.count == 1)
            #expect(try await bench.messages() == ["offer accepted"])
            #expect(try await bench.bells() == 1)
            #expect(try await bench.outcomes() == ["Email Sent"])
        }
    }

    @Test(arguments: [true, false])
    func aRefusalEndsIt(atRecipient: Bool) async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = { moment in
            if case .recipient = moment { return atRecipient ? .reply("550 5.1.1 nobody here") : nil }
            return .reply("554 5.6.0 malformed")
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer refused"])
            #expect(try await bench.bells() == 1)
            #expect(try await bench.outcomes() == ["Email Refused"] + (atRecipient ? ["Address Suppressed"] : []))
            #expect(try await bench.claims() == 0)
        }
    }

    @Test func aMailServerThatIsAwayIsNoFailedAttempt() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            let astray = try await bench.mailer(port: 1)
            try await astray.send([bench.contact("anne")])
            await astray.relay.shutdown()
            #expect(try await bench.messages() == ["offer planned"])
            #expect(try await bench.texts("select deferrals::text from messages") == ["0"])
            #expect(try await bench.bells() == 0)
            bench.machine.advance(.seconds(10))
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer accepted"])
        }
    }

    @Test func aConnectionLostAfterTheDotLeavesTheMessageUnknown() async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .finalDot = $0 { .drop } else { nil }
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer unknown"])
            #expect(try await bench.outcomes() == ["Email Unknown"])
            bench.machine.advance(.days(1))
            try await bench.send(to: "anne")
            #expect(bench.sink.moments.filter { $0 == .finalDot("anne@mail.example") }.count == 1)
        }
    }

    /// Nobody is to go without a receipt.
    @Test func aTransactionalOneIsSentAgain() async throws {
        let dots = Mutex(0)
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = { moment in
            guard case .finalDot = moment else { return nil }
            return dots.withLock { count in
                count += 1
                return count == 1 ? .drop : nil
            }
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["receipt planned"])
            #expect(try await bench.outcomes() == [])
            bench.machine.advance(.seconds(10))
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["receipt accepted"])
            #expect(bench.sink.recipients == ["anne@mail.example"])
            #expect(try await bench.outcomes() == ["Email Sent"])
            #expect(try await bench.texts("select resent_at::text from messages").count == 1)
        }
    }

    @Test func aTransactionalOneThatIsLostTwiceIsUnknown() async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .finalDot = $0 { .drop } else { nil }
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            for _ in 0..<3 {
                try await bench.send(to: "anne")
                bench.machine.advance(.seconds(10))
            }
            #expect(try await bench.messages() == ["receipt unknown"])
            #expect(bench.sink.moments.filter { $0 == .finalDot("anne@mail.example") }.count == 2)
        }
    }

    @Test func aMessageThatCannotBeMadeIsRefusedAndTheOthersGo() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("no such template", to: ["anne"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            try await bench.send(to: "anne", "bob")
            #expect(try await bench.messages() == ["no such template refused", "receipt accepted", "receipt accepted"])
            let reply = try await bench.texts("select reply from messages where state = 'refused'")
            #expect(reply == ["not composed: the template \"no such template\" is missing"])
            #expect(try await bench.bells() == 3)
        }
    }

    @Test func whatAMailerThatDiesLeavesIsReleasedWhenItsLeaseIsOver() async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if case .finalDot = $0 { .wait } else { nil }
        }
        try await Bench.with(behaviour) { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["bob"])
            let (dying, other) = (try await bench.mailer(), try await bench.mailer())
            let untouched = try await dying.claim([bench.contact("bob")])
            #expect(untouched.messages.count == 1)
            let batch = try await dying.claim([bench.contact("anne")])
            let sending = Task { await dying.room.send(batch) }
            try await eventually("the final dot is there") {
                bench.sink.moments.contains(.finalDot("anne@mail.example"))
            }
            // It dies between the dot and its answer: nothing it learns is recorded any more.
            sending.cancel()
            await dying.worker.pool.close()
            bench.sink.release()
            await sending.value
            #expect(try await bench.messages() == ["offer handed", "receipt claimed"])
            #expect(try await Self.release(bench, at: bench.machine.now).isEmpty)
            bench.machine.advance(.minutes(1))
            #expect(try await Self.release(bench, at: bench.machine.now) == [batch.messages[0].claimed.message.id])
            #expect(try await bench.messages() == ["offer unknown", "receipt planned"])
            try await Self.deliver(other, bench)
            #expect(try await bench.messages() == ["offer unknown", "receipt accepted"])
            #expect(bench.sink.recipients.sorted() == ["anne@mail.example", "bob@mail.example"])
        }
    }

    private static func release(_ bench: Bench, at machineNow: Timestamp) async throws -> [UniqueID] {
        try await bench.database.pool.withTransaction { session in
            let runOut = try Claims.leases(in: session).filter { $0.value < machineNow }
            return try Claims.release(runOut, machineNow: machineNow, now: Bench.start, in: session).unknown.map(\.id)
        }
    }

    private static func deliver(_ mailer: Bench.Mailer, _ bench: Bench) async throws {
        let sending = Task { try await mailer.send([bench.contact("bob")]) }
        try await eventually("the final dot is there") {
            bench.sink.moments.contains(.finalDot("bob@mail.example"))
        }
        bench.sink.release()
        try await sending.value
        await mailer.relay.shutdown()
    }

    @Test func aClaimWithAMessageThatIsNotSettledIsLeftToExpire() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            let mailer = try await bench.mailer()
            let batch = try await mailer.claim([bench.contact("anne"), bench.contact("bob")])
            let one = batch.messages[0].claimed
            try await bench.database.pool.withTransaction { session in
                _ = try Claims.settle([(one, .refused, nil)], now: Bench.start, in: session)
                try Claims.close(batch.claim, in: session)
            }
            #expect(try await bench.claims() == 1)
            bench.machine.advance(.minutes(1))
            _ = try await Self.release(bench, at: bench.machine.now)
            #expect(try await bench.messages() == ["receipt planned", "receipt refused"])
        }
    }

    @Test func aClaimThatAnotherTookOverCannotBeHandedOrSettled() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            let (slow, fast) = (try await bench.mailer(), try await bench.mailer())
            let batch = try await slow.claim([bench.contact("anne")])
            bench.machine.advance(.minutes(1))
            _ = try await Self.release(bench, at: bench.machine.now)
            try await fast.send([bench.contact("anne")])
            await slow.room.send(batch)
            #expect(bench.sink.mails.count == 1)
            #expect(try await bench.messages() == ["receipt accepted"])
            for mailer in [slow, fast] { await mailer.relay.shutdown() }
        }
    }
}
