import Foundation
import Laboratory
import Model
import TestSupport
import Testing

/// Senders in somebody's hands: their mail stands still, and goes on.
@Suite struct CommandLineSendersTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    @Test func sendersArePausedAndResumedByClass() async throws {
        try await Terminal.withServers { line, _ in
            #expect(try await line("senders").output == "no sender stands still\n")
            let paused = try await line("senders", "pause", "SHOP.example", "--reason", "new DKIM key").output
            #expect(
                paused
                    == "marketing mail of shop.example stands still\ntransactional mail of shop.example stands still\n")
            let again = try await line("senders", "pause", "shop.example", "--class", "marketing").output
            #expect(again == "marketing mail of shop.example stood still already\n")
            let shown = try await line("senders").output.split(separator: "\n")
            #expect(shown.count == 2 && shown.allSatisfy { $0.contains("shop.example") }, "\(shown)")
            #expect(shown.allSatisfy { $0.contains("paused by ") && $0.hasSuffix(": new DKIM key") }, "\(shown)")

            let resumed = try await line("senders", "resume", "shop.example", "--class", "marketing").output
            #expect(resumed == "marketing mail of shop.example goes on.\n")
            let left = try await line("senders", "--json").object()
            let pauses = try #require(left["paused"] as? [[String: Any]])
            #expect(pauses.map { $0["class"] as? String } == ["transactional"])
            #expect(pauses.first?["reply"] as? String == "new DKIM key" && pauses.first?["status"] is NSNull)
            #expect(left["held"] as? [String: Int] == ["marketing": 0, "transactional": 0])
            let json = try await line("senders", "resume", "shop.example", "--over", "0s", "--json").object()
            #expect(json["classes"] as? [String] == ["transactional"] && json["messages"] as? Int == 0)
            let history = try await line("history").output
            #expect(history.contains("paused mail of shop.example marketing   \"new DKIM key\""), "\(history)")
            #expect(history.contains("resumed mail of shop.example transactional"), "\(history)")
        }
    }

    @Test func whatCannotBeDoneIsTold() async throws {
        try await Terminal.withServers { line, _ in
            let none = try await line("senders", "resume", "shop.example", exits: 1).output
            #expect(none.contains("no mail of shop.example stands still; loods senders shows whose does"), "\(none)")
            for wrong in [["--class", "bulk"], ["--over", "soon"], ["--over", "-1h"], ["--late", "maybe"]] {
                _ = try await line(["senders", "resume", "shop.example"] + wrong, exits: 64)
            }
            _ = try await line("senders", "pause", exits: 64)
        }
    }

    /// What is planned while its sender stands still is held, not lost, and goes out afterwards.
    @Test(.timeLimit(.minutes(10)))
    func mailsThatWereHeldGoOn() async throws {
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: Self.start), workspace: Shop.files
        ) { cluster in
            try await Terminal.with { line in
                _ = try await cluster.loods("senders", "pause", "shop.example", "--class", "transactional")
                let order = """
                    {"type":"track","userId":"u1","event":"Order Completed","messageId":"o1",\
                    "timestamp":"2026-03-02T08:00:00Z","properties":{"order_id":"1"},\
                    "context":{"traits":{"email":"u1@example.com"}}}
                    """
                try line.write(order, to: "orders.jsonl")
                _ = try await cluster.loods("import", line.path("orders.jsonl"), "--trigger", "--wait")
                _ = try await cluster.loods("clock", "advance", "1m")
                #expect(try cluster.mail.mails().isEmpty)
                let held = try await cluster.loods("senders")
                #expect(held.contains("1 transactional mail held"), "\(held)")
                let told = try await cluster.loods(
                    "senders", "resume", "shop.example", "--class", "transactional", "--over", "0s")
                #expect(told.contains("transactional mail of shop.example goes on: 1 held mail, at once."), "\(told)")
                _ = try await cluster.loods("clock", "advance", "1m")
                #expect(try cluster.mail.mails().map(\.to) == ["u1@example.com"])
                #expect(try await cluster.loods("senders").contains("no sender stands still"))
            }
        }
    }
}
