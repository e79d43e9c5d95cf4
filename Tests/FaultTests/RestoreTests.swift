import Foundation
import Laboratory
import Postgres
import TestSupport
import Testing

/// The store goes back in time, or moves: no mail goes out twice, and mails go on where nothing was lost.
@Suite(.serialized) struct RestoreTests {
    /// A receipt at once, and another mail a little later by a timer.
    private static let workspace = Shop.files.merging([
        "journeys/first.yaml": """
        journey: first
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        steps:
          - email: receipt
          - wait: 2s
          - email: thanks
        """,
        "emails/thanks/email.yaml": "subject: Thanks again\nclass: transactional\n",
        "emails/thanks/body.txt.mustache": "Thank you.\n",
    ]) { $1 }

    private static let namesOfTheErased = "select count(*) from identities where value = 'user-5'" as Query

    private static func order(_ customers: Range<Int>, _ cluster: Cluster) async throws {
        try await cluster.post(customers.flatMap { Shop.customer($0, consents: []) })
    }

    /// How often each mail was caught, by address and subject.
    private static func caught(_ cluster: Cluster) throws -> [String: Int] {
        try cluster.mail.mails().reduce(into: [:]) { caught, mail in
            let subject = mail.text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Subject: ") } ?? ""
            caught["\(mail.to) \(subject.dropFirst(9).prefix(6))", default: 0] += 1
        }
    }

    private static func waitForMails(_ count: Int, _ cluster: Cluster) async throws {
        try await eventually("\(count) mails are caught") { try cluster.mail.mails().count == count }
    }

    private static func waitForReceipts(_ count: Int, _ cluster: Cluster) async throws {
        try await eventually("\(count) receipts are planned") {
            try await cluster.count("select count(*) from messages where template = 'receipt'") == count
        }
    }

    private static func waitForRefusal(_ cluster: Cluster, _ mailer: String = "mailer") async throws {
        let process = try await cluster.process(mailer)
        try await eventually("\(mailer) refuses") {
            process.output.contains("no mail is sent from this store")
        }
    }

    /// - Mails of the first ten went out before the moment, their second mails by timers after it.
    /// - The next ten were planned before it and sent after it.
    /// - Ten more order once the store is back: only theirs go out.
    /// - One of the first ten was erased after it, and so is once more.
    @Test(.timeLimit(.minutes(10)))
    func aStoreRestoredToAMomentSendsNothingTwice() async throws {
        try await withArchivedServer { postgres, cluster in
            try await postgres.backUp()
            try await cluster.stop("mailer")
            try await Self.order(0..<10, cluster)
            try await Self.waitForReceipts(10, cluster)
            // No timer fires before the moment, however long mailing takes.
            try await cluster.freeze("scheduler")
            try await cluster.start("mailer")
            try await Self.waitForMails(10, cluster)
            try await cluster.stop("mailer")
            try await cluster.thaw("scheduler")
            try await Self.order(10..<20, cluster)
            try await Self.waitForReceipts(20, cluster)
            try await postgres.nameMoment("here")
            let moment = Date.now.ISO8601Format()
            try await cluster.start("mailer")
            try await Self.waitForMails(40, cluster)
            _ = try await cluster.command("erase", "user-5", "--yes", exits: 0)
            try await eventually("the broker knows of the erasure") {
                try await cluster.count("select count(*) from outbox") == 0
            }

            try await postgres.restore(to: "here")
            try await Self.waitForRefusal(cluster)
            try await Self.order(20..<30, cluster)
            try await eventually("timers fire again, and orders are planned", within: .seconds(60)) {
                let thanks = try await cluster.count("select count(*) from messages where template = 'thanks'")
                let receipts = try await cluster.count("select count(*) from messages where template = 'receipt'")
                return thanks == 10 && receipts == 30
            }
            #expect(try cluster.mail.mails().count == 40, "nothing is sent before the fence")
            #expect(try await cluster.count(Self.namesOfTheErased) == 1, "the store knows nothing of the erasure")
            let status = try await cluster.command("status", exits: 1)
            #expect(status.contains("loods fence --restored-at"), "\(status)")

            let early = try await cluster.command("fence", "--restored-at", "2099-01-01T00:00:00Z", exits: 64)
            #expect(early.contains("in the future"))
            let trial = try await cluster.command("fence", "--restored-at", moment, "--dry-run", exits: 0)
            #expect(trial.contains("Nothing was changed"))
            #expect(try await cluster.count("select count(*) from messages where state = 'unknown'") == 0)
            let fence = try await cluster.command("fence", "--restored-at", moment, exits: 0)
            #expect(fence.contains("unknown     19 messages"), "\(fence)")
            #expect(fence.contains("erased      1 person again"), "\(fence)")
            #expect(try await cluster.count(Self.namesOfTheErased) == 0)
            try await eventually("all runs end", within: .seconds(60)) {
                try await cluster.count("select count(*) from runs where ended_at is not null") == 29
            }
            let all = (0..<30).flatMap { ["\(Shop.address($0)) Your o", "\(Shop.address($0)) Thanks"] }
            let caught = try Self.caught(cluster)
            #expect(caught == Dictionary(uniqueKeysWithValues: all.map { ($0, 1) }), "each mail once")
            let unknown = try await cluster.count("select count(*) from messages where state = 'unknown'")
            #expect(unknown == 29, "ten receipts, and all that the timers bring again, but hers")
            let nobody = try await cluster.command("erase", "--again", exits: 0)
            #expect(nobody.contains("nobody is back of 1 erasure"), "\(nobody)")
            let again = try await cluster.command("fence", "--restored-at", moment, exits: 1)
            #expect(again.contains("no restore is seen"))
        }
    }

    private func withArchivedServer(
        services: [String] = Cluster.allServices, _ body: (OwnPostgres, Cluster) async throws -> Void
    ) async throws {
        try await OwnPostgres.with(OwnPostgres.archiving) { postgres in
            try await TestDatabase.at(postgres.makeStore()) { database in
                try await TestBroker.with { broker in
                    let stage = TestStage(database: database, broker: broker, clock: .real)
                    try await Cluster.with(services: services, on: stage, workspace: Self.workspace) { cluster in
                        try await body(postgres, cluster)
                    }
                }
            }
        }
    }

    /// A synchronous standby takes over: it has lost nothing, so nobody is needed. A dump of it does not send.
    @Test(.timeLimit(.minutes(10)))
    func aStandbyGoesOnByItselfAndADumpDoesNot() async throws {
        try await OwnPostgres.with { primary in
            _ = try await primary.makeStore()
            let standby = try await primary.standby(synchronous: true)
            let both = OwnPostgres.url(
                of: [primary, standby], database: "loods", parameters: "target_session_attrs=read-write")
            let result: Result<Void, any Error>
            do {
                try await failOver(primary, standby, both)
                result = .success(())
            } catch { result = .failure(error) }
            await standby.remove()
            try result.get()
        }
    }

    private func failOver(_ primary: OwnPostgres, _ standby: OwnPostgres, _ url: String) async throws {
        try await TestDatabase.at(url) { database in
            try await TestBroker.with { broker in
                let stage = TestStage(database: database, broker: broker, clock: .real)
                try await Cluster.with(on: stage, workspace: Self.workspace) { cluster in
                    try await Self.order(0..<10, cluster)
                    try await eventually("the receipts are caught") { try cluster.mail.mails().count >= 10 }
                    try await primary.stop(.killed)
                    try await standby.promote()
                    // It came with the copy of the primary.
                    try await standby.run("alter system reset synchronous_standby_names")
                    standby.reload()
                    try await Self.order(10..<20, cluster)
                    try await Self.waitForMails(40, cluster)
                    #expect(try Self.caught(cluster).values.allSatisfy { $0 == 1 })
                    let mailer = try await cluster.process("mailer")
                    #expect(mailer.output.contains("the store has moved and lost nothing"))
                    try await Self.dump(standby, cluster)
                }
            }
        }
    }

    /// Somebody loads last night's dump into a new server, and mails have been sent since.
    private static func dump(_ server: OwnPostgres, _ cluster: Cluster) async throws {
        try await OwnPostgres.with { other in
            try await server.dump("loods", into: other)
            try await order(20..<25, cluster)
            try await waitForMails(50, cluster)
            try await cluster.start("mailer-2", with: ["LOODS_DATABASE_URL": other.url(database: "loods")])
            try await waitForRefusal(cluster, "mailer-2")
            let output = try await cluster.process("mailer-2").output
            #expect(output.contains("restored to an earlier time"), "\(output)")
        }
    }
}
