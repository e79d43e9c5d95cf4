import Contracts
@testable import Delivery
import Messaging
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing
import Transit

/// A journey of whose marketing too much comes back stands still.
@Suite struct ReturnWatchTests {
    @Test(
        arguments: [
            (25, 0, nil), (26, 0, 520), (50, 0, 1_000), (0, 1, nil), (0, 2, 667), (26, 2, 667), (0, 0, nil),
        ] as [(Int64, Int64, Int64?)])
    func soMuchIsHarmlessAmongSoMany(bounces: Int64, complaints: Int64, mails: Int64?) {
        let returns = ReturnLimits.Returns(bounces: bounces, complaints: complaints)
        #expect(ReturnLimits().harmlessAmong(returns) == mails)
    }

    @Test func itIsToldInPerCent() {
        let limits = ReturnLimits()
        #expect(limits.words(.init(bounces: 31, complaints: 0), among: 600) == "5.16 % of its last 600 mails came back")
        #expect(
            limits.words(.init(bounces: 0, complaints: 2), among: 520)
                == "0.38 % of its last 520 mails were called spam")
    }

    /// Runs `body` with so many mails of a journey sent, and taken.
    private static func with(
        _ count: Int, refusing: Bool = false, _ body: (Bench, Bench.Mailer, [Message]) async throws -> Void
    ) async throws {
        let answers: @Sendable (MailSink.Moment) -> MailSink.Answer? = {
            if refusing, case .recipient(let who) = $0, who.hasPrefix("gone") {
                .reply("550 5.1.1 user unknown")
            } else {
                nil
            }
        }
        try await Bench.with(answers) { bench in
            let users = (0..<count).map { "user\($0)" }
            try await bench.know(users)
            try await bench.change(
                "insert into journeys (workspace_id, journey, live_version) values (\(bench.workspace), 'welcome', 1)")
            let sent = try await bench.plan("offer", to: users, topic: "offers")
            let mailer = try await bench.mailer()
            try await mailer.send(users.map(bench.contact))
            try await body(bench, mailer, sent)
            await mailer.relay.shutdown()
        }
    }

    private static func paused(_ bench: Bench) async throws -> [String] {
        try await bench.texts("select journey from journeys where paused_at is not null")
    }

    private static func complain(of messages: some Collection<Message>, _ mailer: Bench.Mailer) async {
        let reports = messages.map { message in
            Delivery(
                queue: .returns, lane: .live,
                body: ReturnedMail(
                    mark: MessageMark(contact: message.contact, message: message.id), kind: .complaint,
                    receivedAt: Bench.start, means: "smtp"
                ).encoded)
        }
        let consumer = ReturnsConsumer(worker: mailer.worker)
        #expect(await consumer.handle(reports) == Array(repeating: .ack, count: reports.count))
    }

    @Test func complaintsPauseAJourneyUntilSomebodyResumesIt() async throws {
        try await Self.with(Int(ReturnLimits.fewest)) { bench, mailer, sent in
            await Self.complain(of: sent[0..<1], mailer)
            await Self.complain(of: sent[1..<3], mailer)
            try await eventually("it is paused") { try await Self.paused(bench) == ["welcome"] }
            #expect(
                try await bench.texts("select kind || ' by ' || author || ': ' || reason from interventions")
                    == ["pause by loods: 0.60 % of its last 500 mails were called spam"])
            let told = try await bench.database.pool.withTransaction { try JourneyReturns.stopped(in: $0) }
            #expect(told.map(\.place.journey) == ["welcome"])
            // Nothing of it goes any more, and nothing is lost.
            try await bench.plan("offer", to: ["user400"], topic: "offers", step: "next")
            try await mailer.send([bench.contact("user400")])
            #expect(try await bench.texts("select state from messages where step = 'next'") == ["planned"])
            // Whoever lets it go on has seen what came back.
            try await bench.change("update journeys set paused_at = null")
            try await bench.change(
                """
                insert into interventions (workspace_id, number, at, author, kind, journey, revision, runs, messages)
                values (\(bench.workspace), 2, clock_time(), 'anne', 'resume', 'welcome', 1, 0, 0)
                """)
            let counts = try await bench.database.pool.withTransaction { session in
                try JourneyReturns.counts(
                    of: Pauses.Place(workspace: bench.workspace, journey: "welcome"), since: .distantPast, in: session)
            }
            #expect(counts.bounces == 0 && counts.complaints == 0, "they went before it was resumed")
        }
    }

    @Test func mailsThatReachNobodyPauseAJourney() async throws {
        let count = Int(ReturnLimits.fewest)
        try await Self.with(count, refusing: true) { bench, mailer, _ in
            // All at once: what comes back while it is counted is counted too.
            let gone = (0..<count / 10).map { "gone\($0)" }
            try await bench.know(gone)
            try await bench.plan("offer", to: gone, topic: "offers")
            try await mailer.send(gone.map(bench.contact))
            try await eventually("it is paused") { try await Self.paused(bench) == ["welcome"] }
            let reasons = try await bench.texts("select reason from interventions")
            #expect(reasons.count == 1 && reasons[0].hasSuffix("mails came back"), "\(reasons)")
        }
    }

    /// They are owed, whoever else complains.
    @Test func transactionalMailsPauseNothing() async throws {
        try await Self.with(Int(ReturnLimits.fewest)) { bench, mailer, sent in
            try await bench.change("update messages set topic = null")
            await Self.complain(of: sent[0..<9], mailer)
            let counts = try await bench.database.pool.withTransaction { session in
                try JourneyReturns.counts(
                    of: Pauses.Place(workspace: bench.workspace, journey: "welcome"), since: .distantPast, in: session)
            }
            #expect(counts.complaints == 0)
        }
    }
}
