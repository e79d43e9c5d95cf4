import Postgres
import TestSupport
import Testing

/// Every service is killed once with SIGKILL while events pour in; afterwards every event and every mail is accounted
/// for, by the mail server's own files.
@Suite(.serialized) struct KillEachServiceTests {
    private static let customers = 400

    @Test(.timeLimit(.minutes(4)))
    func nothingIsLostAndNothingComesTwice() async throws {
        let services = ["ingest", "scoring", "scoring-2", "scheduler", "mailer", "mailer-2"]
        try await Cluster.with(services: services, workspace: Shop.files) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await Self.load(cluster) }
                group.addTask { try await Self.killEach(cluster) }
                try await group.waitForAll()
            }
            try await Self.rest(cluster)
            try await Self.account(cluster)
        }
    }

    /// All customers, each batch sent twice as by a client that lost the answer.
    private static func load(_ cluster: Cluster) async throws {
        for start in stride(from: 0, to: customers, by: 10) {
            let batch = (start..<start + 10).flatMap {
                Shop.customer($0, consents: $0.isMultiple(of: 2) ? ["offers"] : [])
            }
            try await cluster.post(batch)
            try await cluster.post(batch)
        }
    }

    /// Each service once, whenever another part of the mails has gone out.
    private static func killEach(_ cluster: Cluster) async throws {
        for (index, service) in ["scoring", "mailer", "ingest", "scheduler"].enumerated() {
            try await eventually("mails go out before \(service) is killed", within: .seconds(60)) {
                try cluster.mail.mails().count > index * 60
            }
            try await cluster.killAndRestart(service)
        }
    }

    /// Waits until nothing is under way any more; claims of the killed mailer run out after 30 s.
    private static func rest(_ cluster: Cluster) async throws {
        try await eventually("the cluster comes to rest", within: .seconds(90)) {
            let ended = try await cluster.count("select count(*) from runs where ended_at is not null")
            let under = try await cluster.count(
                """
                select (select count(*) from outbox) + (select count(*) from timers)
                    + (select count(*) from messages where state in ('planned', 'claimed', 'handed'))
                """)
            return ended == customers && under == 0
        }
    }

    private static func account(_ cluster: Cluster) async throws {
        let expectedEvents = customers * 2 + customers / 2
        let events = try await cluster.count("select count(*) from events where event_id ~ '-(id|yes-o|order-nr)$'")
        #expect(events == expectedEvents)
        #expect(try await cluster.count("select count(*) from contacts") == customers)
        #expect(try await cluster.count("select count(*) from runs") == customers)
        #expect(try await cluster.count("select count(*) from set_aside") == 0)

        var caught: [String: Int] = [:]
        for mail in try cluster.mail.mails() { caught["\(mail.to) \(mail.subject.prefix(9))", default: 0] += 1 }
        let unknown = try await cluster.count("select count(*) from messages where state = 'unknown'")
        let accepted = try await cluster.count("select count(*) from messages where state = 'accepted'")
        #expect(caught.values.allSatisfy { $0 == 1 }, "no mail comes twice")
        #expect(accepted + unknown == customers + customers / 2, "each message has its end")
        #expect(caught.count >= accepted && caught.count <= accepted + unknown, "each accepted mail was caught")
        #expect(unknown <= 8, "only what was at its final dot when the mailer died is unknown")
        let skipped = try await cluster.count("select count(*) from messages where state = 'skipped' and reasons = 1")
        #expect(skipped == customers / 2, "nobody is mailed without consent, and the reason is on record")
    }
}

extension TestMailServer.Mail {
    /// The subject line as it stands in the header.
    var subject: Substring {
        text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Subject: ") }?.dropFirst(9) ?? ""
    }
}
