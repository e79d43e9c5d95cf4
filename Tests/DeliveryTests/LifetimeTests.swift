import Model
import Postgres
import TestSupport
import Testing

/// Mails whose time is over, put off by a server or never looked at.
@Suite struct LifetimeTests {
    private static let putsOff: @Sendable (MailSink.Moment) -> MailSink.Answer? = { moment in
        if case .recipient = moment { .reply("451 4.3.2 not now") } else { nil }
    }
    private static let record: String = "put off to the last: 451 4.3.2 not now"

    /// Machine and domain time go on together.
    private static func pass(_ span: Span, since passed: inout Span, _ bench: Bench) async throws {
        bench.machine.advance(span)
        passed = passed + span
        try await bench.pass(passed)
    }

    @Test(arguments: [true, false])
    func aMailThatIsOnlyEverPutOffExpires(atRecipient: Bool) async throws {
        let behaviour: @Sendable (MailSink.Moment) -> MailSink.Answer? = { moment in
            switch moment {
            case .recipient: atRecipient ? .reply("451 4.3.2 not now") : nil
            case .finalDot: atRecipient ? nil : .reply("451 4.3.2 not now")
            }
        }
        try await Bench.with(behaviour) { bench in
            try await bench.apply("\nlifetimes: {transactional: 2h, marketing: 1d}\n")
            try await bench.know(["anne"])
            try await bench.plan("receipt", to: ["anne"])
            var (passed, tries) = (Span.zero, 0)
            while try await bench.messages() == ["receipt planned"], tries < 24 {
                try await bench.send(to: "anne")
                tries += 1
                try await Self.pass(.minutes(50), since: &passed, bench)
            }
            #expect((2...3).contains(tries), "\(tries)")
            #expect(try await bench.messages() == ["receipt expired"])
            let kept = try await bench.texts(
                """
                select concat_ws(' ', deferrals, reply, failure, failure_status, reasons, handed_at is null,
                    final_at is not null, look_at is null, retry_at is null) from messages
                """)
            #expect(kept == ["\(tries) 451 4.3.2 not now transient 4.3.2 128 t t t t"])
            #expect(try await bench.outcomes() == ["Email Skipped"])
            let told = try await bench.events().map { $0.0["detail"]?.string }
            #expect(told == ["its time to be sent has passed; \(Self.record)"])
            #expect(try await bench.bells() == 1, "its run goes on")
            #expect(try await bench.claims() == 0)
            #expect(bench.sink.mails.isEmpty)
        }
    }

    @Test func whatIsTriedOftenEnoughExpiresToo() async throws {
        try await Bench.with(Self.putsOff) { bench in
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.change("update messages set deferrals = 24")
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["offer expired"])
            #expect(try await bench.outcomes() == ["Email Skipped"])
        }
    }

    @Test func itExpiresAtTheGateWithTheLastReplyOnRecord() async throws {
        try await Bench.with(Self.putsOff) { bench in
            try await bench.know(["anne", "bob"])
            try await bench.plan("receipt", to: ["anne", "bob"])
            try await bench.send(to: "anne")
            var passed = Span.zero
            try await Self.pass(.days(4), since: &passed, bench)
            try await bench.send(to: "anne", "bob")
            #expect(try await bench.messages() == ["receipt expired", "receipt expired"])
            let replies = try await bench.texts("select coalesce(reply, 'never tried') from messages order by 1")
            #expect(replies == ["451 4.3.2 not now", "never tried"])
            let tries = bench.sink.moments.filter { if case .recipient = $0 { true } else { false } }.count
            #expect(tries == 1)
        }
    }

    @Test func eachClassAndEachEMailHasItsOwn() async throws {
        try await Bench.with { bench in
            let email = "{subject: News, topic: offers, lifetime: 1h}"
            try await bench.apply(
                "\nlifetimes: {transactional: 2h, marketing: 4h}\n", ["emails/news/email.yaml": email])
            try await bench.know(["anne"])
            // The e-mail's own is of the version that its run began with, the workspace's is the live one.
            try await bench.plan("receipt", to: ["anne"], revision: 2)
            try await bench.plan("news", to: ["anne"], topic: "offers", revision: 2)
            try await bench.plan("offer", to: ["anne"], topic: "offers", revision: 2)
            var passed = Span.zero
            try await Self.pass(.hours(3), since: &passed, bench)
            try await bench.send(to: "anne")
            #expect(try await bench.messages() == ["news expired", "offer accepted", "receipt expired"])
        }
    }
}
