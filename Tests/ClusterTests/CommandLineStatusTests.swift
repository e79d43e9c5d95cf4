import Foundation
import Laboratory
import Model
import Postgres
import Store
import TestSupport
import Testing

/// `loods status` and `loods tail` against real services.
@Suite(.serialized) struct CommandLineStatusTests {
    private func names(_ status: [String: Any]) -> [String] {
        (status["findings"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    @Test(.timeLimit(.minutes(10)))
    func aHealthyClusterThenOneThatLacksAService() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            try await cluster.post((0..<20).flatMap { Shop.customer($0, consents: []) })
            try await eventually("mails are caught") { try cluster.mail.mails().count == 20 }
            try await eventually("all four say that they live") {
                try await cluster.count("select count(distinct service) from workers") == 4
            }
            let well = try await cluster.command("status", exits: 0)
            #expect(well.contains("All is well."), "\(well)")
            let lines = well.split(separator: "\n").map { $0.split(separator: " ") }
            let counts = Dictionary(lines.filter { $0.count > 1 }.map { ($0[0], $0[1]) }) { first, _ in first }
            #expect(counts["scoring"] == "1" && counts["mailer"] == "1", "\(well)")

            // All is stored, what became of the mails too, so that one batch is all that waits.
            try await cluster.drain()
            try await cluster.kill("scoring")
            try await cluster.post([["type": "track", "userId": "anne", "event": "X", "messageId": "x"]])
            // It is taken for dead once it was silent for three beats.
            try await eventually("its silence is noticed") {
                try await cluster.count(
                    "select count(*) from workers where service = 'scoring' and seen_at > clock_timestamp() - interval '16 s'"
                )
                    == 0
            }
            let ill = try await cluster.command("status", exits: 1)
            #expect(ill.contains("No scoring runs: 1 event batch waits. Start one."), "\(ill)")
            #expect(ill.contains("killed, or cut off from PostgreSQL"), "\(ill)")
            let json = try #require(
                try JSONSerialization.jsonObject(
                    with: Data(try await cluster.command("status", "--json", exits: 1).utf8))
                    as? [String: Any])
            #expect(json["healthy"] as? Bool == false)
            #expect(names(json) == ["no-scoring", "silent"])
        }
    }

    /// A process that ends well is forgotten at once.
    @Test(.timeLimit(.minutes(10)))
    func whoEndsWellIsForgotten() async throws {
        try await Cluster.with(services: ["scheduler"], workspace: Shop.files) { cluster in
            try await eventually("it says that it lives") {
                try await cluster.count("select count(*) from workers where service = 'scheduler'") == 1
            }
            try await cluster.stop("scheduler")
            #expect(try await cluster.count("select count(*) from workers") == 0)
        }
    }

    @Test func awayServersAreSaid() async throws {
        try await Terminal.withServers { line, _ in
            let away = try await line("status", exits: 69, with: ["LOODS_AMQP_URL": "amqp://guest@127.0.0.1:1/"])
            #expect(away.output.contains("RabbitMQ is away"))
            let store = try await line(
                "status", exits: 69, with: ["LOODS_DATABASE_URL": "postgres://nobody@127.0.0.1:1/loods"])
            #expect(store.output.contains("PostgreSQL is away") && store.output.contains("the queues are empty"))
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func eventsAndDecisionsAreShownAsTheyCome() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            try await cluster.post(Shop.customer(1, consents: []))
            try await eventually("the first mail is caught") { try cluster.mail.mails().count == 1 }
            let tail = try cluster.launch("tail")
            try await eventually("it begins with what was before") {
                tail.output.contains("Order Completed") && tail.output.contains("first: enters")
            }
            try await cluster.post(
                [["type": "track", "userId": "bob\u{1B}[31m", "event": "Bell\u{7}", "messageId": "b"]])
            try await eventually("what is new is shown") { tail.output.contains("Bell") }
            let line = try #require(tail.output.split(separator: "\n").last { $0.contains("Bell") })
            #expect(line.contains(#"Bell\u{7}"#) && line.contains(#"bob\u{1B}[31m"#), "\(line)")
            #expect(!tail.output.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })

            let decided = try cluster.launch(
                "tail", "--contact", Shop.address(1), "--decisions", "--json", "-n", "50")
            try await eventually("decisions of one") { decided.output.contains("\"decision\":\"end\"") }
            #expect(!decided.output.contains("Order Completed\",\"properties"))
            for process in [tail, decided] {
                process.send(SIGINT)
                #expect(try await process.waitForExit() == .status(0), "\(process.output)")
            }
            let shown = tail.output.split(separator: "\n").filter {
                $0.contains("  event   ") && $0.contains("Order Completed")
            }
            #expect(shown.count == 1, "each once")
        }
    }

    /// The store goes away under it and comes back.
    @Test(.timeLimit(.minutes(10)))
    func itWaitsForAStoreThatIsAway() async throws {
        try await Cluster.withOwnServers(broker: false, workspace: Shop.files) { cluster, servers in
            let postgres = try #require(servers.postgres)
            let tail = try cluster.launch("tail", "--events")
            try await cluster.post(Shop.customer(1, consents: []))
            try await eventually("it shows what comes") { tail.output.contains("Order Completed") }
            try await postgres.stop(.killed)
            try await eventually("it says so") { tail.output.contains("PostgreSQL is away") }
            try await postgres.start()
            try await cluster.post(Shop.customer(2, consents: []))
            try await eventually("it goes on") {
                tail.output.contains("PostgreSQL is back") && tail.output.contains(Shop.address(2))
            }
            tail.send(SIGINT)
            #expect(try await tail.waitForExit() == .status(0))
        }
    }
}
