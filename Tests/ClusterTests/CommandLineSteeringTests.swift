import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// Journeys in somebody's hands: paused, resumed, stopped, their runs moved to a newer version.
@Suite struct CommandLineSteeringTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let services = ["scoring", "scheduler", "mailer"]

    private static let files: [String: String] = Shop.files.merging([
        "journeys/first.yaml": """
        journey: first
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        steps:
          - email: receipt
          - wait: 1d
          - {email: receipt, step: reminder}
          - wait: 10d
        """
    ]) { $1 }

    private static func order(by people: ClosedRange<Int>, _ cluster: Cluster, _ line: Terminal) async throws {
        let orders = people.map { number in
            """
            {"type":"track","userId":"u\(number)","event":"Order Completed","messageId":"o\(number)",\
            "timestamp":"2026-03-02T08:00:00Z","properties":{"order_id":"\(number)"},\
            "context":{"traits":{"email":"u\(number)@shop.example"}}}
            """
        }
        try line.write(orders.joined(separator: "\n"), to: "orders.jsonl")
        _ = try await cluster.loods("import", line.path("orders.jsonl"), "--trigger", "--wait")
        _ = try await cluster.loods("clock", "advance", "1m")
    }

    private static func object(_ output: String) throws -> [String: Any] {
        // Warnings stand before it.
        let last = output.split(separator: "\n").last ?? ""
        return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    }

    @Test(.timeLimit(.minutes(10)))
    func aJourneyIsPausedResumedAndStopped() async throws {
        try await Cluster.with(
            services: Self.services, clock: .stepped(at: Self.start), workspace: Self.files
        ) { cluster in
            try await Terminal.with { line in
                try await Self.order(by: 1...3, cluster, line)
                #expect(try cluster.mail.mails().count == 3)
                let refused = try await cluster.command("resume", "first", exits: 1)
                #expect(refused.contains("first is not paused"))
                let unknown = try await cluster.command("pause", "frist", exits: 1)
                #expect(unknown.contains("no journey \"frist\"; there are basket, first"))

                let paused = try await cluster.loods("pause", "first", "--reason", "wrong price")
                #expect(paused.contains("first is paused: 3 runs stand still, 0 planned mails held."), "\(paused)")
                _ = try await cluster.loods("clock", "advance", "2d")
                #expect(try cluster.mail.mails().count == 3)
                #expect(try await cluster.loods("explain", "u1").contains("; paused since Mon 2 March 2026"))
                let look = try await cluster.loods("resume", "first", "--dry-run")
                #expect(look.contains("first would go on: 3 runs to be looked at, spread over 1h"), "\(look)")
                #expect(look.contains("3 at wait 2, version 1"), "\(look)")
                let resumed = try Self.object(try await cluster.loods("resume", "first", "--over", "30m", "--json"))
                #expect(resumed["runs"] as? Int == 3)
                _ = try await cluster.loods("clock", "advance", "30m")
                #expect(try cluster.mail.mails().count == 6)

                let asked = try await cluster.command("stop", "first", exits: 1)
                #expect(asked.contains("end 3 runs of first: say --yes"), "\(asked)")
                let stopped = try await cluster.loods("stop", "first", "--yes", "--reason", "sold out")
                #expect(stopped.contains("first is stopped: 3 runs ended"), "\(stopped)")
                #expect(try await cluster.count("select count(*) from runs where outcome = 'stopped'") == 3)
                #expect(try await cluster.loods("explain", "u1").contains("left first: stopped: sold out"))
                for (name, text) in Self.files { try line.write(text, to: "shop/" + name) }
                let plan = try await cluster.command("plan", line.path("shop"), exits: 2)
                #expect(plan.contains("+ journey first   version 1 takes entries again"), "\(plan)")
                let history = try await cluster.loods("history", "--journey", "first")
                let lines = history.split(separator: "\n")
                #expect(lines.count == 3 && lines[0].contains("stopped first: 3 runs   \"sold out\""), "\(history)")
                #expect(lines[2].contains("paused first   \"wrong price\""), "\(history)")
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func runsMoveToANewVersionAsWasCountedAndSendNewWording() async throws {
        try await Cluster.with(
            services: Self.services, clock: .stepped(at: Self.start), workspace: Self.files
        ) { cluster in
            try await Terminal.with { line in
                try await Self.order(by: 1...4, cluster, line)
                var files = Self.files
                files["emails/receipt/email.yaml"] = "subject: Once more\nclass: transactional\n"
                for (name, text) in files { try line.write(text, to: "shop/" + name) }
                let plan = try await cluster.command("plan", line.path("shop"), "--content", exits: 2)
                #expect(plan.contains("rewords   4 contacts under way, 0 planned mails: receipt"), "\(plan)")
                _ = try await cluster.loods("apply", "--yes", "--content", line.path("shop"))
                #expect(
                    try await cluster.texts(
                        "select version || ' ' || coalesce(content_revision, 0) from journey_versions where journey = 'first' order by 1"
                    ) == ["1 2", "2 0"])

                // The wait is one place further on, and there is a step that leads elsewhere.
                files["journeys/first.yaml"] = files["journeys/first.yaml"]?
                    .replacing("steps:\n", with: "steps:\n  - wait: 1h\n")
                    .replacing("wait: 10d", with: "wait: 2d")
                for (name, text) in files { try line.write(text, to: "shop/" + name) }
                let arguments = [line.path("shop"), "--migrate", "first", "--json"]
                let counted = try Self.object(
                    try await cluster.command("plan", arguments[0], arguments[1], arguments[2], "--json", exits: 2))
                let migration = try #require((counted["migrations"] as? [[String: Any]])?.first)
                #expect(migration["runs"] as? Int == 4 && migration["stay"] as? Int == 0)
                let step = try #require((migration["steps"] as? [[String: Any]])?.first)
                #expect(step["step"] as? String == "wait 2" && step["to"] as? String == "wait 3")
                let applied = try Self.object(
                    try await cluster.loods("apply", "--yes", arguments[0], arguments[1], arguments[2], "--json"))
                #expect((applied["migrated"] as? [String: Any])?["first"] as? Int == 4)
                #expect(
                    try await cluster.count(
                        "select count(*) from runs where journey_version = 3 and state ->> 'step' = 'wait 3'") == 4)
                // Asked again there is nothing left to move.
                _ = try await cluster.loods("plan", arguments[0], arguments[1], arguments[2])
                _ = try await cluster.loods("clock", "advance", "4d")
                #expect(try cluster.mail.mails().count { $0.subject == "Once more" } == 4)
                #expect(try await cluster.count("select count(*) from runs where outcome = 'finished'") == 4)
                let history = try await cluster.loods("history")
                #expect(history.contains("moved runs of first to its newest version: 4 runs"), "\(history)")
                #expect(history.contains("pointed runs of first to the wording of revision 2: 4 runs"), "\(history)")
            }
        }
    }
}
