@testable import Delivery
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Workspaces, and each one's transactional mail and marketing, take turns: many mails of one hold up no few of another.
@Suite struct TurnTests {
    /// Of what mailers look for at a time.
    private static let page = 200

    private static func names(_ prefix: String, _ count: Int) -> [String] { (0..<count).map { "\(prefix)\($0)" } }

    private static func accepted(_ prefix: String, _ bench: Bench) -> Int {
        bench.sink.recipients.count { $0.hasPrefix(prefix) }
    }

    /// A shop's broadcast, its receipts and the mails of another workspace, which come last.
    private static func planAll(_ bench: Bench, _ other: Bench) async throws {
        let (readers, buyers, others) = (names("reader", 600), names("buyer", 3), names("other", 3))
        try await bench.know(readers + buyers)
        try await bench.plan("offer", to: readers, topic: "offers")
        try await bench.plan("receipt", to: buyers)
        try await other.know(others)
        try await other.plan("offer", to: others, topic: "offers")
    }

    /// What mailers find in the store: late by the hosts' clock, or held until now, as after quiet hours.
    @Test(.timeLimit(.minutes(10)), arguments: [false, true])
    func aBroadcastHoldsUpNeitherReceiptsNorAnotherWorkspace(isHeld: Bool) async throws {
        try await Bench.with { bench in
            try await Self.planAll(bench, try await bench.beside("teashop"))
            let late: StaticString =
                "template = 'receipt' or workspace_id <> (select min(workspace_id) from messages)"
            let (early, last) = (Bench.start, Bench.start + .seconds(1))
            if isHeld {
                try await bench.change(
                    "update messages set look_at = null, due_at = case when \(unescaped: late) then \(last) else \(early) end"
                )
            } else {
                try await bench.change(
                    "update messages set look_at = case when \(unescaped: late) then \(last) else \(early) end")
            }
            bench.machine.advance(.minutes(1))
            try await bench.pass(.minutes(1))
            let mailer = try await bench.mailer()
            try await mailer.send(try await mailer.dueContacts())
            #expect(Self.accepted("buyer", bench) == 3)
            #expect(Self.accepted("other", bench) == 3)
            #expect(Self.accepted("reader", bench) == Self.page - 6, "and the broadcast has the rest of the page")
            while case let more = try await mailer.dueContacts(), !more.isEmpty { try await mailer.send(more) }
            #expect(bench.sink.mails.count == 606)
            await mailer.relay.shutdown()
        }
    }

    /// The same where limits have all of it stand in line.
    @Test(.timeLimit(.minutes(10)))
    func aLineHoldsUpNeitherReceiptsNorAnotherWorkspace() async throws {
        let pace = "pace: [{site: each, per_second: 1000}]\n"
        try await Bench.with { bench in
            try await bench.apply(pace)
            let other = try await bench.beside("teashop", pace)
            try await Self.planAll(bench, other)
            bench.machine.advance(.minutes(1))
            let mailer = try await bench.mailer()
            while case let more = try await mailer.dueContacts(), !more.isEmpty { try await mailer.send(more) }
            #expect(bench.sink.mails.isEmpty, "all wait in line")
            let errand = try #require(try await mailer.lines.take(withTopic: true, resting: []))
            let buyers = Set(Self.names("buyer", 3).map(bench.contact))
            let others = Set(Self.names("other", 3).map(other.contact))
            #expect(errand.contacts.count == Self.page)
            #expect(buyers.union(others).isSubset(of: errand.contacts))
            await mailer.relay.shutdown()
        }
    }
}
