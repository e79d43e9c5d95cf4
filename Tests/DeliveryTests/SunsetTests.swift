import Contracts
@testable import Delivery
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// Whoever shows no sign of life gets no more marketing, as the log and the messages have it.
@Suite struct SunsetTests {
    /// Contacts who consented long ago, each of whom has had two mails since.
    private static func know(_ users: [String], _ bench: Bench) async throws {
        try await bench.know(users)
        try await bench.change("update consents set at = \(Bench.start - .days(100))")
        for (step, ago) in [("first", Span.days(90)), ("second", .days(40))] {
            try await bench.plan("offer", to: users, topic: "offers", step: step)
            try await bench.change(
                """
                update messages set state = 'accepted', look_at = null, handed_at = \(Bench.start - ago),
                    final_at = \(Bench.start - ago)
                where step = \(step)
                """)
        }
    }

    @Test func onlyWhoHasShownLifeOrHadFewMailsGetsMore() async throws {
        try await Bench.with { bench in
            try await bench.apply("hygiene: {sunset: {after: 60d, mails: 2}}\n")
            let silent = ["silent", "machine", "sent", "early"]
            let lively = ["visitor", "clicker", "consenter", "merged", "fresh"]
            try await Self.know(silent + lively + ["elsewhere"], bench)
            try await bench.happen(
                "Email Clicked", to: "machine", .days(10), saying: "{\"kind\": \"scanner\"}", trust: .system)
            try await bench.happen(
                "Email Sent", to: "sent", .days(10), trust: .system)
            try await bench.happen("Page Viewed", to: "early", .days(95), trust: .publicKey)
            try await bench.happen("Page Viewed", to: "visitor", .days(59), trust: .publicKey)
            try await bench.happen(
                "Email Clicked", to: "clicker", .days(10), saying: "{\"kind\": \"human\"}", trust: .system)
            try await bench.happen("Order Completed", to: "elsewhere", .days(10), trust: .publicKey)
            try await bench.change(
                """
                update consents set at = \(Bench.start - .days(20))
                where contact_id = \(bench.contact("consenter").contact)
                """)
            try await bench.change(
                """
                update contacts set merged_into = \(bench.contact("merged").contact)
                where contact_id = \(bench.contact("elsewhere").contact)
                """)
            try await bench.change(
                "delete from messages where step = 'first' and contact_id = \(bench.contact("fresh").contact)")
            try await bench.plan("news", to: silent + lively, topic: "offers")
            try await bench.plan("receipt", to: ["silent"])
            for user in silent + lively { try await bench.send(to: user) }
            let news = bench.sink.mails.filter { $0.header("Subject") == "News" }.map(\.recipient)
            #expect(Set(news) == Set(lively.map { "\($0)@mail.example" }) && news.count == lively.count)
            #expect(bench.sink.recipients.filter { $0 == "silent@mail.example" }.count == 1)
            let reasons = try await bench.texts(
                "select reasons::text from messages where step = 'news' and reasons <> 0")
            #expect(reasons == silent.map { _ in "\(Reasons.unengaged.rawValue)" })
        }
    }

    @Test func withoutTheRuleNobodyIsAskedForSignsOfLife() async throws {
        try await Bench.with { bench in
            try await Self.know(["silent"], bench)
            try await bench.plan("news", to: ["silent"], topic: "offers")
            try await bench.send(to: "silent")
            #expect(bench.sink.recipients == ["silent@mail.example"])
        }
    }
}
