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
import Transit

/// What comes back of mails that a server had taken.
@Suite struct ReturnsTests {
    /// A mailer with whose worker returns are applied, and mails that were taken.
    private static func with(
        _ users: [String], _ body: (Bench, ReturnsConsumer, [Message]) async throws -> Void
    ) async throws {
        try await Bench.with { bench in
            try await bench.know(users)
            let sent = try await bench.plan("offer", to: users, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send(users.map(bench.contact))
            try await bench.change("delete from outbox")
            try await body(bench, ReturnsConsumer(worker: mailer.worker), sent)
            await mailer.relay.shutdown()
        }
    }

    private static func returned(
        _ message: Message, _ kind: ReturnedMail.Kind, status: String? = nil, words: String = ""
    ) -> ReturnedMail {
        ReturnedMail(
            mark: MessageMark(contact: message.contact, message: message.id), kind: kind, status: status, words: words,
            receivedAt: Bench.start, means: "smtp")
    }

    private static func apply(_ mails: [ReturnedMail], by consumer: ReturnsConsumer) async -> [Settlement] {
        await consumer.handle(mails.map { Delivery(queue: .returns, lane: .live, body: $0.encoded) })
    }

    @Test func anInvalidAddressIsSuppressedAndASecondReportChangesNothing() async throws {
        try await Self.with(["anne", "bob"]) { bench, consumer, sent in
            try await bench.plan("receipt", to: ["anne", "bob"])
            let report = Self.returned(
                sent[0], .failed("invalid", blamesSender: false), status: "5.1.1", words: "550 5.1.1 user unknown")
            for _ in 1...2 { #expect(await Self.apply([report, report], by: consumer) == [.ack, .ack]) }
            #expect(
                try await bench.messages() == [
                    "offer accepted", "offer accepted", "receipt planned", "receipt withdrawn",
                ])
            #expect(
                try await bench.texts(
                    "select failure || ' ' || failure_status || ' ' || came_back_words from messages where came_back_at is not null"
                ) == ["invalid 5.1.1 550 5.1.1 user unknown"])
            #expect(
                try await bench.texts("select address || ' ' || reason from suppressions") == [
                    "anne@mail.example invalid-address"
                ])
            #expect(try await bench.outcomes().sorted() == ["Address Suppressed", "Email Bounced"])
        }
    }

    @Test func aComplaintStopsMarketingAloneAndCountsBesideABounce() async throws {
        try await Self.with(["anne"]) { bench, consumer, sent in
            try await bench.plan("receipt", to: ["anne"])
            try await bench.plan("news", to: ["anne"], topic: "offers")
            let bounce = Self.returned(sent[0], .failed("content", blamesSender: false), status: "5.6.0")
            #expect(await Self.apply([bounce], by: consumer) == [.ack])
            #expect(try await bench.texts("select address from suppressions") == [])
            #expect(await Self.apply([Self.returned(sent[0], .complaint, words: "abuse")], by: consumer) == [.ack])
            #expect(try await bench.messages() == ["news withdrawn", "offer accepted", "receipt planned"])
            #expect(try await bench.texts("select reason from suppressions") == ["complaint"])
            #expect(try await bench.texts("select failure from messages where failure is not null") == ["complaint"])
            #expect(
                try await bench.outcomes().sorted() == [
                    "Address Suppressed", "Consent Withdrawn", "Email Bounced", "Email Complained",
                ])
            #expect(
                try await bench.texts("select topic || ' ' || source from consents where state = 'withdrawn'")
                    == ["offers complaint"])
            // That the box is gone as well stops the rest.
            try await bench.plan("offer", to: ["anne"], topic: "offers", step: "later")
            let gone = Self.returned(sent[0], .failed("invalid", blamesSender: false), status: "5.1.1")
            #expect(await Self.apply([gone], by: consumer) == [.ack])
            #expect(try await bench.texts("select reason from suppressions") == ["invalid-address"])
            #expect(try await bench.texts("select state from messages where template = 'receipt'") == ["withdrawn"])
        }
    }

    @Test func aComplaintTakesBackEachTopicAndTellsOfEach() async throws {
        try await Self.with(["anne"]) { bench, consumer, sent in
            try await bench.know(["anne"], consenting: ["tracking"])
            #expect(await Self.apply([Self.returned(sent[0], .complaint)], by: consumer) == [.ack])
            #expect(
                try await bench.texts("select topic from consents where state = 'withdrawn' order by 1")
                    == ["offers", "tracking"])
            let told = try await bench.database.pool.withTransaction { session in
                try session.query("select body from outbox").flatMap {
                    try EventBatch(decoding: try $0[0, as: [UInt8].self]).events
                }
            }.filter { $0.name == EventNames.consentWithdrawn }
            #expect(Set(told.map(\.eventID)).count == 2, "as repeats one would be lost")
        }
    }

    @Test func whatCostsAConnectionWaitsLongerEachTimeUpToAMinute() {
        for (attempt, seconds) in [(1, 1.0), (2, 2), (4, 8), (7, 60), (40, 60)] as [(Int32, Double)] {
            let wait = Double((Retries.next(afterAttempt: attempt, at: Bench.start) - Bench.start).microseconds) / 1e6
            #expect(wait >= 0.8 * seconds && wait <= 1.2 * seconds, "\(attempt): \(wait)")
        }
    }

    @Test func delaysDeliveriesAndAnswersOfProgramsStopNothing() async throws {
        try await Self.with(["anne"]) { bench, consumer, sent in
            let kinds: [ReturnedMail.Kind] = [.delayed, .delivered, .autoReply, .autoReply, .unclear]
            let settlements = await Self.apply(kinds.map { Self.returned(sent[0], $0) }, by: consumer)
            #expect(settlements.allSatisfy { $0 == .ack })
            let failed = try await bench.texts("select message_id::text from messages where failure is not null")
            #expect(failed == [])
            #expect(try await bench.texts("select address from suppressions") == [])
            #expect(try await bench.outcomes() == ["Email Auto-Replied"], "twice is once")
        }
    }

    @Test func aSendersFaultStopsTheSenderAndOnesOwnPolicyNobody() async throws {
        try await Self.with(["anne", "bob"]) { bench, consumer, sent in
            let own = Self.returned(
                sent[0], .failed("policy", blamesSender: false), status: "5.7.1", words: "550 5.7.1 not for this list")
            #expect(await Self.apply([own], by: consumer) == [.ack])
            #expect(try await bench.texts("select domain from sender_pauses") == [])
            let ours = Self.returned(
                sent[1], .failed("policy", blamesSender: true), status: "5.7.26", words: "550 5.7.26 unauthenticated")
            #expect(await Self.apply([ours], by: consumer) == [.ack])
            #expect(
                try await bench.texts("select domain || ' ' || class || ' ' || status from sender_pauses") == [
                    "shop.example marketing 5.7.26"
                ])
            #expect(try await bench.texts("select address from suppressions") == [])
            #expect(try await bench.outcomes() == [], "neither is a bounce")
            // Told again after somebody has resumed it, it is no news.
            try await bench.change("delete from sender_pauses")
            #expect(await Self.apply([ours], by: consumer) == [.ack])
            #expect(try await bench.texts("select domain from sender_pauses") == [])
        }
    }

    @Test func whoeverWritesToUnsubscribeHasWithdrawn() async throws {
        try await Self.with(["anne", "bob"]) { bench, consumer, sent in
            try await bench.plan("news", to: ["anne", "bob"], topic: "offers")
            let mail = Self.returned(sent[0], .unsubscribe)
            for _ in 1...2 { #expect(await Self.apply([mail], by: consumer) == [.ack]) }
            #expect(
                try await bench.texts(
                    "select template || ' ' || state from messages where state <> 'accepted' order by 1")
                    == ["news planned", "news withdrawn"])
            #expect(
                try await bench.texts("select topic || ' ' || source from consents where state = 'withdrawn'") == [
                    "offers mail"
                ])
            #expect(try await bench.outcomes() == ["Consent Withdrawn"])
        }
    }

    /// A full box by reports that come after the relay has taken the mails: those that have come back are no deliveries.
    @Test func aBoxThatIsFullForLongIsGivenUpByReportsToo() async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            let mailer = try await bench.mailer()
            let consumer = ReturnsConsumer(worker: mailer.worker)
            for (step, day) in [("a", 0), ("b", 9), ("c", 16)] {
                try await bench.change("update clock set at = \(Bench.start + .days(Int64(day)))")
                let sent = try await bench.plan("offer", to: ["anne"], topic: "offers", step: step)
                try await mailer.send([bench.contact("anne")])
                #expect(try await bench.texts("select address from suppressions") == [])
                let report = Self.returned(sent[0], .failed("mailbox", blamesSender: false), status: "5.2.2")
                #expect(await Self.apply([report], by: consumer) == [.ack])
            }
            #expect(
                try await bench.texts("select reason || ' ' || detail from suppressions") == ["invalid-address 5.2.2"])
            await mailer.relay.shutdown()
        }
    }

    @Test func whatIsOfNobodyAndWhatNobodyCanReadHarmsNoOther() async throws {
        try await Self.with(["anne"]) { bench, consumer, sent in
            let stranger = ReturnedMail(
                mark: MessageMark(workspace: bench.workspace, contact: 1, message: 2), kind: .complaint,
                receivedAt: Bench.start, means: "smtp")
            let elsewhere = ReturnedMail(
                mark: MessageMark(
                    workspace: WorkspaceID(rawValue: 99), contact: sent[0].contact.contact.high,
                    message: sent[0].id.high),
                kind: .complaint, receivedAt: Bench.start, means: "smtp")
            let bodies = [stranger.encoded, Array("nonsense".utf8), elsewhere.encoded]
            let settlements = await consumer.handle(
                bodies.map { Delivery(queue: .returns, lane: .live, body: $0) })
            #expect(settlements[0] == .ack && settlements[2] == .ack)
            if case .setAside = settlements[1] {} else { Issue.record("it is set aside") }
            let suppressed = try await bench.texts("select address from suppressions")
            #expect(suppressed == [])
            #expect(try await bench.outcomes() == [])
        }
    }

    @Test func itFindsTheMailsOfWhoeverHasMerged() async throws {
        try await Self.with(["anne", "bob"]) { bench, consumer, sent in
            let (anne, bob) = (bench.contact("anne").contact, bench.contact("bob").contact)
            try await bench.change("update contacts set merged_into = \(bob) where contact_id = \(anne)")
            try await bench.change("update messages set contact_id = \(bob) where contact_id = \(anne)")
            #expect(await Self.apply([Self.returned(sent[0], .complaint)], by: consumer) == [.ack])
            #expect(try await bench.texts("select address from suppressions") == ["anne@mail.example"])
        }
    }
}
