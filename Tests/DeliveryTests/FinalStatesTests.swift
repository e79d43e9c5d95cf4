@testable import Delivery
import Laboratory
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// Many mails of 20 KB to many domains whose servers take, put off and refuse, under eight mailers: each mail comes to an end,
/// and caps and rates are kept exactly, as the mail server's log has it.
@Suite struct FinalStatesTests {
    private static let count =
        switch FaultLevel.current {
        case .quarter: 600
        case .lab: 1_500
        case .all: 100_000
        }

    /// Of one site in a minute, and of those that are rolled up together.
    private static let (rate, sharedRate) = (max(1, count / 4_000), max(2, count / 1_000))
    private static let cap = 2
    private static let mailers = 8

    private static let settings = """
        frequency_caps: [{at_most: \(cap), within: 1d}]
        sites: {shared: [d0.example, d1.example, d2.example, d3.example]}
        pace: [{site: each, per_minute: \(rate)}, {site: shared, per_minute: \(sharedRate)}]

        """

    /// 20 KB of text.
    private static let emails = [
        "emails/bulk/email.yaml": "{subject: Offers, topic: offers}",
        "emails/bulk/body.txt.mustache": text + "No more: {{links.unsubscribe}}\n",
        "emails/bill/email.yaml": "{subject: Bill, class: transactional}",
        "emails/bill/body.txt.mustache": text,
    ]
    private static let text = String(
        repeating: "Forty-two kinds of tea have come in, and all of them are in the shop.\n", count: 290)

    @Test(.timeLimit(.minutes(50)))
    func everyMailComesToAnEndAndCapsAndRatesAreKept() async throws {
        let log = Correspondence.Log(at: Bench.start)
        try await Bench.with(keepsBodies: false, { log.answer($0) }) { bench in
            try await bench.apply(Self.settings, Self.emails)
            let people = Correspondence(of: Self.count)
            let planned = try await Self.plan(people, bench)
            var mailers: [Bench.Mailer] = []
            for _ in 0..<Self.mailers { mailers.append(try await bench.mailer()) }
            try await Self.sendAll(mailers, log, bench)
            for mailer in mailers { await mailer.relay.shutdown() }
            let ends = try await Self.ends(bench)
            let ids = bench.sink.mails.compactMap { $0.header("Message-ID") }
            #expect(ids.count == bench.sink.mails.count && Set(ids).count == ids.count, "none is sent twice")
            Self.checkEnds(ends, planned: planned, bench)
            Self.checkRates(log)
            Self.checkCaps(log, people)
            try FaultReport(
                fault: "2xx, 4xx and 5xx of \(Correspondence.domains) domains", point: "\(planned) mails of 20 KB",
                workers: Self.mailers, lost: ends.count { $0.state == "accepted" } - Set(ids).count,
                doubled: ids.count - Set(ids).count, unknown: ends.count { $0.state == "unknown" }
            ).record()
        }
    }

    /// - Returns: how many mails.
    private static func plan(_ people: Correspondence, _ bench: Bench) async throws -> Int {
        for part in parts(people.readers + people.buyers) { try await bench.know(part) }
        var planned = 0
        for part in parts(people.readers) {
            for copy in 0...cap {
                planned += try await bench.plan(
                    "bulk", to: part, topic: "offers", revision: 2, step: "bulk \(copy)"
                ).count
            }
        }
        for part in parts(people.buyers) { planned += try await bench.plan("bill", to: part, revision: 2).count }
        return planned
    }

    private static func parts(_ all: [String]) -> [[String]] {
        stride(from: 0, to: all.count, by: 1_000).map { Array(all[$0..<min($0 + 1_000, all.count)]) }
    }

    // MARK: Sending

    /// Has all mailers send what may go while the clocks stand still, and moves these to when more may, until all have ended.
    private static func sendAll(_ mailers: [Bench.Mailer], _ log: Correspondence.Log, _ bench: Bench) async throws {
        // Mails that no hint names are looked for after a while.
        try await pass(.minutes(1), log, bench)
        while true {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for mailer in mailers { group.addTask { try await mailer.sendAllThatMayGo() } }
                try await group.waitForAll()
            }
            guard let next = try await next(after: log.now, bench) else { return }
            try await pass(next - log.now, log, bench)
        }
    }

    private static func pass(_ span: Span, _ log: Correspondence.Log, _ bench: Bench) async throws {
        bench.machine.advance(span)
        log.set(log.now + span)
        try await bench.change("update clock set at = \(log.now)")
    }

    /// When a line opens, or a while from now what was put off is due; nil: all have ended.
    private static func next(after now: Timestamp, _ bench: Bench) async throws -> Timestamp? {
        try await bench.database.pool.withTransaction { session in
            let row = try #require(
                try session.query(
                    """
                    select (select min(next_at) from send_lines),
                        (select min(least(look_at, nullif(due_at, \(SendLines.inLine)))) from messages
                        where state = 'planned'),
                        (select count(*) from messages where state in ('planned', 'claimed', 'handed'))
                    """
                ).first)
            let (line, due, open) = try row.decode((Timestamp?.self, Timestamp?.self, Int64.self))
            if open == 0 { return nil }
            let times: [Timestamp?] = [
                line.map { max($0, now + .seconds(1)) }, due.map { max($0, now + .minutes(30)) },
            ]
            // What is not final waits for something.
            let next: Timestamp = try #require(times.compactMap(\.self).min())
            return next
        }
    }

    // MARK: What came of it

    private struct End {
        var state: String
        /// The contact's.
        var address: String
        var reasons: Reasons
    }

    private static func ends(_ bench: Bench) async throws -> [End] {
        try await bench.database.pool.withTransaction { session in
            try session.query(
                """
                select m.state, c.attributes ->> 'email', m.reasons from messages m
                join contacts c using (workspace_id, contact_id)
                """
            ).map { row in
                let (state, address, reasons) = try row.decode((String.self, String.self, Int32.self))
                return End(state: state, address: address, reasons: Reasons(rawValue: UInt32(bitPattern: reasons)))
            }
        }
    }

    private static func checkEnds(_ ends: [End], planned: Int, _ bench: Bench) {
        #expect(ends.count == planned)
        let states = Dictionary(grouping: ends, by: \.state).mapValues(\.count)
        print("\(planned) mails: \(states)")
        #expect(Set(states.keys).isSubset(of: ["accepted", "refused", "expired", "skipped", "withdrawn"]), "\(states)")
        // The cap, or an address that another mail has found to be nobody's.
        let others = ends.filter { $0.state == "skipped" && $0.reasons.isDisjoint(with: [.capped, .suppressed]) }
        #expect(others.isEmpty, "\(others.prefix(5))")
        // An address that is found to be nobody's gets nothing more.
        #expect(ends.allSatisfy { $0.state != "withdrawn" || Correspondence.manner(of: $0.address) == .unknown })
        let accepted = ends.filter { $0.state == "accepted" }.map(\.address).sorted()
        #expect(accepted == bench.sink.recipients.sorted(), "the ledger is as the mail server's log")
        for end in ends where ["accepted", "refused", "expired"].contains(end.state) {
            let expected =
                switch Correspondence.manner(of: end.address) {
                case .unknown, .full: "refused"
                case .deaf: "expired"
                default: "accepted"
                }
            #expect(end.state == expected, "\(end)")
        }
    }

    private struct Window: Hashable {
        var site: String
        var minute: Int64
    }

    private static func checkRates(_ log: Correspondence.Log) {
        let shared: Set = ["d0.example", "d1.example", "d2.example", "d3.example"]
        let counts = log.attempts.reduce(into: [Window: Int]()) { counts, attempt in
            let domain = Correspondence.domain(of: attempt.recipient)
            let site = shared.contains(domain) ? "shared" : domain
            counts[Window(site: site, minute: attempt.at.microseconds / 60_000_000), default: 0] += 1
        }
        let over = counts.filter { $0.value > ($0.key.site == "shared" ? sharedRate : rate) }
        #expect(over.isEmpty, "\(over.count) windows have more than their rate: \(over.prefix(5))")
        // All that may go does, at once: what a window leaves is lost.
        let first = log.attempts.map { $0.at.microseconds / 60_000_000 }.min() ?? 0
        let sites = Set(counts.keys.map(\.site))
        let under = sites.filter { site in
            site != "shared" && !Correspondence.throttles(site) && counts[Window(site: site, minute: first)] != rate
        }
        #expect(under.isEmpty, "\(under.count) sites do not use their first window: \(under.prefix(5))")
        #expect(counts[Window(site: "shared", minute: first)] == sharedRate)
    }

    private static func checkCaps(_ log: Correspondence.Log, _ people: Correspondence) {
        let times = Dictionary(grouping: log.accepted, by: \.recipient).mapValues { $0.map(\.at).sorted() }
        for reader in people.readers {
            let times = times[reader] ?? []
            let over = times.indices.dropFirst(cap).filter { times[$0] - times[$0 - cap] < .days(1) }
            #expect(over.isEmpty, "\(reader) had \(times)")
            if Correspondence.manner(of: reader) == .willing { #expect(times.count == cap, "\(reader)") }
        }
        let buyers = people.buyers.filter { Correspondence.manner(of: $0) == .willing }
        #expect(buyers.allSatisfy { times[$0]?.count == 1 })
    }
}

extension Bench.Mailer {
    /// Sends what is due and what limits let go, until there is nothing more.
    fileprivate func sendAllThatMayGo() async throws {
        while true {
            let due = try await dueContacts()
            if !due.isEmpty { try await send(due) }
            if try await sendLined() == 0, due.isEmpty { return }
        }
    }
}
