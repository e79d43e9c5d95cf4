import Foundation
import Laboratory
import Model
import Postgres
import Synchronization
import Testing
import TestSupport

/// The pace of mails through the whole cluster, with the mail server as witness.
@Suite struct PaceClusterTests {
    private static let rate = 10

    private static var workspace: [String: String] {
        var files = Laboratory.Shop.files
        files["workspace.yaml"]! += "\nsites: {slow: [slow.example, also-slow.example]}\n"
        files["workspace.yaml"]! +=
            "pace: [{site: slow, per_second: \(rate)}, {site: fast.example, per_second: 1000}]\n"
        files["journeys/note.yaml"] = """
            journey: note
            enter: {event: Note Asked, key: event.id, again: per-key}
            steps: [{email: receipt, step: note}]
            """
        return files
    }

    private static func asked(_ address: String, _ id: String = "first") -> [String: Any] {
        [
            "type": "track", "event": "Note Asked", "userId": "user-\(address)", "messageId": "\(id)-\(address)",
            "context": ["traits": ["email": address]],
        ]
    }

    private static func addresses(_ count: Int, at domain: String) -> [String] {
        (0..<count).map { "reader-\($0)@\(domain)" }
    }

    private static func mails(_ cluster: Cluster, at domains: [String]) throws -> [TestMailServer.Mail] {
        try cluster.mail.mails().filter { mail in domains.contains { mail.to.hasSuffix("@\($0)") } }
    }

    private static func received(_ cluster: Cluster, at domains: [String]) throws -> [Date] {
        try mails(cluster, at: domains).map(\.receivedAt).sorted()
    }

    private static func post(_ events: [[String: Any]], to cluster: Cluster) async throws {
        for start in stride(from: 0, to: events.count, by: 100) {
            try await cluster.post(Array(events[start..<min(start + 100, events.count)]))
        }
    }

    /// Three mailers, of which one is killed for good in the middle: the site's rate is kept, as the mail server counts it, and
    /// used; a site that answers nothing holds up no other; and a kill switch stops all of it until it is off.
    @Test(.timeLimit(.minutes(10)))
    func ratesAreKeptWhoeverIsKilledAndAStalledSiteHoldsUpNoOther() async throws {
        let services = ["ingest", "scoring", "scheduler", "mailer", "mailer-2", "mailer-3"]
        try await Cluster.with(services: services, workspace: Self.workspace) { cluster in
            let slowSites = ["slow.example", "also-slow.example"]
            let slow = slowSites.flatMap { Self.addresses(150, at: $0) }
            let stuck = (0..<12).map { "delay-\(60_000 + $0)@stuck.example" }
            let line = LineWatch()
            let watching = Task { await line.watch(cluster) }
            defer { watching.cancel() }
            try await Self.post(stuck.map { Self.asked($0) }, to: cluster)
            try await eventually("some hang") {
                try await cluster.count("select count(*) from messages where state = 'handed'") >= 4
            }
            try await Self.post(slow.map { Self.asked($0) }, to: cluster)
            let fast = Self.addresses(60, at: "fast.example")
            try await Self.post(fast.map { Self.asked($0) }, to: cluster)
            try await eventually("those to a site with room are there") {
                try Self.received(cluster, at: ["fast.example"]).count == fast.count
            }
            #expect(try Self.received(cluster, at: slowSites).count < slow.count, "while the others wait")
            let answered = try await cluster.count(
                "select count(*) from messages where state = 'accepted' and address like '%@stuck.example'")
            #expect(answered == 0)
            let pace = try await cluster.loods("pace")
            #expect(pace.contains("limit   to slow") && pace.contains("of \(Self.rate) this second"), "\(pace)")
            #expect(pace.contains("line    transactional from"), "\(pace)")
            try await eventually("half of them are there") {
                try Self.received(cluster, at: slowSites).count >= slow.count / 3
            }
            try await cluster.kill("mailer-2")
            try await eventually("all have an end") {
                try await cluster.count(
                    "select count(*) from messages where state not in ('accepted', 'unknown')") == 0
            }
            let times = try Self.received(cluster, at: slowSites)
            let resent = try await cluster.count("select count(*) from messages where resent_at is not null")
            #expect(times.count >= slow.count && times.count <= slow.count + resent)
            // Each second of the clock lets ten go, and how long they are on their way differs by less than one, or by
            // as much more as the longest was seen to be.
            let way = max(0, try line.longestWay(of: try Self.mails(cluster, at: slowSites)) - 0.25)
            for (index, time) in times.enumerated() {
                for span in [1, 5, 15] {
                    let count = times[index...].prefix { $0.timeIntervalSince(time) < Double(span) }.count
                    let most = Double(Self.rate) * (Double(span + 1) + way)
                    #expect(Double(count) <= most, "\(count) in \(span) s, \(way) s longer on their way")
                }
            }
            let half = times.prefix(times.count / 3)
            let seconds = try #require(half.last).timeIntervalSince(try #require(half.first))
            #expect(
                Double(half.count) / max(1, seconds - line.stalls) >= 0.8 * Double(Self.rate),
                "and the rate is used; \(seconds) s, stalls of \(line.stalls) s")
            try await Self.killSwitch(cluster)
        }
    }

    private static func killSwitch(_ cluster: Cluster) async throws {
        let told = try await cluster.loods("kill-switch", "on", "--reason", "wrong prices")
        #expect(told.contains("sends nothing any more"))
        let before = try cluster.mail.mails().count
        let fast = addresses(20, at: "fast.example")
        try await post(fast.map { asked($0, "second") }, to: cluster)
        try await eventually("all are held") {
            try await cluster.count("select count(*) from messages where state = 'planned' and reasons <> 0")
                == fast.count
        }
        #expect(try cluster.mail.mails().count == before)
        let status = try await cluster.loods("kill-switch")
        #expect(status.contains("wrong prices") && status.contains("20 messages held"), "\(status)")
        let story = try await cluster.loods("explain", fast[0])
        #expect(story.contains("held, since the workspace's kill switch is on"), "\(story)")
        #expect(try await cluster.loods("kill-switch", "off").contains("20 held messages, at once"))
        try await eventually("they go on") {
            try cluster.mail.mails().count == before + fast.count
        }
        let history = try await cluster.loods("history")
        #expect(history.contains("turned the kill switch on") && history.contains("turned the kill switch off"))
    }
}

/// When mails to the site with a limit were let go.
private final class LineWatch: Sendable {
    private struct Found {
        /// By message, when it was seen to wait last.
        var waiting: [String: Date] = [:]
        var stalls = 0.0
    }

    private let found = Mutex(Found())

    /// What looking was held up for by the machine or the store, beyond a tenth of a second each time: seconds.
    var stalls: Double { found.withLock { $0.stalls } }

    /// None of these mails was longer on its way than so many seconds.
    func longestWay(of mails: [TestMailServer.Mail]) throws -> Double {
        let waiting = found.withLock { $0.waiting }
        let ways = mails.compactMap { mail in
            waiting[String(mail.field("Message-ID").dropFirst().prefix { $0 != "@" })]
                .map { mail.receivedAt.timeIntervalSince($0) }
        }
        try #require(ways.count > mails.count / 2, "they were seen to wait")
        return ways.max() ?? 0
    }

    /// Looks until it is cancelled, by the wall clock, as limits do.
    func watch(_ cluster: Cluster) async {
        var pace = Pace(every: .milliseconds(50))
        var last = Date.now
        while (try? await pace.next()) != nil {
            let now = Date.now
            let waiting = try? await cluster.texts(
                """
                select m.message_id::text from messages m join contacts c using (workspace_id, contact_id)
                where m.state = 'planned' and c.attributes ->> 'email' like '%slow.example'
                """)
            found.withLock { found in
                found.stalls += max(0, now.timeIntervalSince(last) - 0.1)
                for message in waiting ?? [] { found.waiting[message] = now }
            }
            last = now
        }
    }
}
