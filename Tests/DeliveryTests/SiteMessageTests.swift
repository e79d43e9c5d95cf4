@testable import Delivery
import Expressions
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing

/// Messages for the contact's next visit: claimed before the gate, laid out, and given to the visitor's browser alone.
@Suite struct SiteMessageTests {
    private static let visitor = "0f8fad5b-d9cb-469f-a165-70867728950e"

    private static var files: [String: String] {
        var files = Shop.files
        files["workspace.yaml"]! += """

            quiet_hours: {from: "08:00", until: "20:00"}
            frequency_caps: [{at_most: 1, within: 30d}]
            """
        files["journeys/visits.yaml"] = """
            journey: visits
            enter: {event: Order Completed}
            steps:
              - {site_message: plans, text: Our plans, topic: offers}
              - {site_message: owed, text: You have a refund, class: transactional}
            """
        return files
    }

    private static func with(_ body: (Bench, Bench.Mailer) async throws -> Void) async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.know(["bob"], consenting: [])
            try await bench.database.pool.withTransaction { session in
                let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
                _ = try Definitions.store(files: files, for: entry, by: "test", now: Bench.start, in: session)
                // Anne's browser, which a server has named together with her.
                let browser = Identity(.anonymous, visitor)
                let subject = ContactKey(workspace: bench.workspace, contact: browser.subjectID(in: bench.workspace))
                try Identities.ensure([], subjects: [subject: browser], now: Bench.start, in: session)
                let anne = bench.contact("anne").contact
                try session.execute(
                    """
                    update contacts set merged_into = \(anne)
                    where workspace_id = \(bench.workspace) and contact_id = \(subject.contact)
                    """)
            }
            let mailer = try await bench.mailer()
            try await body(bench, mailer)
            await mailer.relay.shutdown()
        }
    }

    private static func plan(
        _ bench: Bench, _ step: String = "plans", to user: String = "anne", topic: String? = "offers",
        until: Timestamp = Bench.start + .days(14)
    ) async throws -> Message {
        let message = Message(
            contact: bench.contact(user), id: .derived("test message", user, step),
            run: .derived("test run", user, step), journey: "visits", step: step, visit: 1, revision: 2,
            template: "site_message:\(step)", topic: topic, plannedAt: Bench.start, channel: .site, showUntil: until)
        try await bench.database.pool.withTransaction { session in
            let run = Run(
                contact: message.contact, id: message.run, journey: "visits", journeyVersion: 1, entryKey: step,
                entry: HistoryPosition(at: Bench.start, eventID: "e"), enteredAt: Bench.start, state: .object([:]),
                version: 1)
            try Runs.insert([run], in: session)
            try Messages.plan([message], machineNow: Bench.start, in: session)
        }
        return message
    }

    private static func ready(_ bench: Bench, at now: Timestamp = Bench.start) async throws -> String? {
        let subject = Identity(.anonymous, visitor).subjectID(in: bench.workspace)
        let visitor = ContactKey(workspace: bench.workspace, contact: subject)
        // With the rights that the edge has.
        let pool = try bench.database.pool(connections: 1, as: "ingest")
        return try await pool.withTransaction { try VisitMessages.next(for: visitor, now: now, in: $0)?.step }
    }

    private static func show(_ bench: Bench, _ message: Message) async throws {
        let pool = try bench.database.pool(connections: 1, as: "ingest")
        try await pool.withTransaction { session in
            try VisitMessages.noteShown([(message.id, message.contact)], now: Bench.start + .hours(1), in: session)
        }
    }

    /// Quiet hours and a cap that is full hold up nothing; its run goes on at once.
    @Test func itIsLaidOutAndGivenOnce() async throws {
        try await Self.with { bench, mailer in
            let message = try await Self.plan(bench)
            #expect(try await Self.ready(bench) == nil, "it has not been before the gate")
            // Nothing that goes by mail.
            try await mailer.send([bench.contact("anne")])
            #expect(bench.sink.mails.isEmpty)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            #expect(try await bench.messages() == ["site_message:plans accepted"])
            #expect(try await bench.bells() == 1)
            #expect(try await Self.ready(bench) == "plans")
            #expect(try await Self.ready(bench, at: Bench.start + .days(14)) == nil, "its time is over")
            try await Self.show(bench, message)
            try await Self.show(bench, message)
            #expect(try await Self.ready(bench) == nil)
            #expect(
                try await bench.texts("select shown_at::text from messages") == ["2026-03-02 10:00:00+00"])
            #expect(try await bench.outcomes().isEmpty)
        }
    }

    /// Site messages fill no cap, so that a mail of the same day still goes.
    @Test func itCountsTowardsNoCap() async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            let sends = try await bench.database.pool.withTransaction { session in
                try RecentSends.load(
                    of: [(bench.contact("anne"), Bench.start - .days(1))], now: Bench.start, in: session)
            }
            #expect(sends.isEmpty)
        }
    }

    @Test func consentDecidesAndWithdrawalTakesItBack() async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench, to: "bob")
            try await mailer.call(about: [bench.contact("bob")], withTopic: true)
            #expect(try await bench.messages() == ["site_message:plans skipped"])
            _ = try await Self.plan(bench)
            _ = try await Self.plan(bench, "owed", topic: nil)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            #expect(try await Self.ready(bench) != nil)
            try await bench.withdraw("offers", by: "anne")
            #expect(
                try await bench.messages() == [
                    "site_message:owed accepted", "site_message:plans skipped", "site_message:plans withdrawn",
                ])
            #expect(try await Self.ready(bench) == "owed", "what she is owed has no topic")
        }
    }

    @Test func whoIsSuppressedSilencesNobodyElseOfTheBatch() async throws {
        try await Self.with { bench, mailer in
            try await bench.know(["cor"])
            try await bench.change(Self.suppression(bench, of: "cor", "all"))
            _ = try await Self.plan(bench)
            _ = try await Self.plan(bench, to: "cor")
            try await mailer.call(about: [bench.contact("anne"), bench.contact("cor")], withTopic: true)
            #expect(try await bench.messages() == ["site_message:plans accepted", "site_message:plans skipped"])
            #expect(try await Self.ready(bench) == "plans")
        }
    }

    private static func suppression(_ bench: Bench, of user: String, _ reason: String) -> Query {
        """
        insert into suppressions (workspace_id, address, reason, at)
        values (\(bench.workspace), \(user + "@mail.example"), \(reason), \(Bench.start))
        """
    }

    /// A merge brings withdrawals without taking back what lies ready.
    @Test func aWithdrawalThatTookNothingBackHoldsUntilConsentIsGivenAgain() async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            for (state, hours, ready) in [(Consents.Entry.State.withdrawn, 1, nil), (.given, 2, "plans")] {
                let entry = Consents.Entry(
                    contact: bench.contact("anne"), topic: "offers", address: "anne@mail.example",
                    at: Bench.start + .hours(Int64(hours)), eventID: "m", state: state, wording: nil, source: "page")
                try await bench.database.pool.withTransaction { session in
                    try Consents.append([entry], now: Bench.start, in: session)
                }
                #expect(try await Self.ready(bench) == ready)
            }
        }
    }

    @Test(arguments: [("invalid-address", "plans"), ("complaint", "owed"), ("marketing", "owed"), ("all", nil)])
    func aLaterSuppressionHoldsForWhatLiesReady(reason: String, ready: String?) async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench)
            _ = try await Self.plan(bench, "owed", topic: nil)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            // Of two that are as old the first by its id comes first.
            try await bench.change("update messages set planned_at = planned_at + interval '1 s' where topic is null")
            try await bench.change(Self.suppression(bench, of: "anne", reason))
            #expect(try await Self.ready(bench) == ready)
        }
    }

    /// A store that was restored may know people who were erased since: nothing is shown out of it until somebody has fenced it.
    @Test func aRestoredStoreShowsNothingUntilItIsFenced() async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            for (refusal, ready) in [("it was restored", nil), (nil, "plans")] as [(String?, String?)] {
                try await bench.change("update lineage set refusal = \(refusal), refused_at = \(Bench.start)")
                #expect(try await Self.ready(bench) == ready)
            }
        }
    }

    /// Whoever was erased is shown nothing, by any name; neither is whoever comes with the same browser again.
    @Test func whoWasErasedIsShownNothing() async throws {
        try await Self.with { bench, mailer in
            let message = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            #expect(try await Self.ready(bench) == "plans")
            try await bench.database.pool.withTransaction { session in
                try Standing.cell.take(in: session)
                _ = try Erasures.begin(
                    with: bench.contact("anne"), by: Bench.erasureKey, askedBy: "test", id: .derived("test", "erasure"),
                    now: Bench.start, in: session)
            }
            #expect(try await Self.ready(bench) == nil)
            try await Self.show(bench, message)
            #expect(try await bench.texts("select message_id::text from messages") == [])
        }
    }

    /// What is shown already stays shown.
    @Test func aShownMessageIsNotTakenBack() async throws {
        try await Self.with { bench, mailer in
            let message = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            try await Self.show(bench, message)
            try await bench.withdraw("offers", by: "anne")
            #expect(try await bench.messages() == ["site_message:plans accepted"])
        }
    }

    @Test func withItsRunOrItsJourneyItWaitsOrGoes() async throws {
        try await Self.with { bench, mailer in
            _ = try await Self.plan(bench)
            try await mailer.call(about: [bench.contact("anne")], withTopic: true)
            for (outcome, ready) in [("finished", "plans"), ("converted", nil), ("exited", nil)] {
                try await bench.change("update runs set ended_at = \(Bench.start), outcome = \(outcome)")
                #expect(try await Self.ready(bench) == ready, "\(outcome)")
            }
            try await bench.change("update runs set ended_at = null, outcome = null")
            try await bench.change(
                """
                insert into journeys (workspace_id, journey, live_version, paused_at)
                values (\(bench.workspace), 'visits', 1, \(Bench.start))
                """)
            #expect(try await Self.ready(bench) == nil, "its journey stands still")
            try await bench.change("update journeys set paused_at = null")
            #expect(try await Self.ready(bench) == "plans")
        }
    }
}
