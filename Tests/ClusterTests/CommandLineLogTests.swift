import Foundation
import Laboratory
import Model
import Postgres
import Store
import Testing
import TestSupport

/// `loods log`, and a log that leaves while scoring runs.
@Suite struct CommandLineLogTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static func events(_ month: String, _ count: Int) -> String {
        (0..<count).map { number in
            """
            {"type":"track","userId":"anne","event":"Order Completed","messageId":"\(month)-\(number)",\
            "timestamp":"2026-\(month)-01T10:00:00Z","properties":{"revenue":0.1}}

            """
        }.joined()
    }

    @Test func whatIsCountedHasLeftAndLateEventsAreSetAside() async throws {
        var files = Shop.files
        files["segments/regulars.yaml"] = "segment: regulars\nwhen: count(\"Order Completed\", \"90d\") > 2\n"
        files["scores.yaml"] = """
            scores:
              - score: loyalty
                points: [{event: Order Completed, points: 2, cap: {per_day: 2}}]
            """
        try await Cluster.with(services: ["scoring", "scoring-2"], clock: .stepped(at: Self.start), workspace: files) {
            cluster in
            try await Terminal.with { line in
                try line.write(Self.events("02", 3), to: "february.jsonl")
                _ = try await cluster.loods("import", line.path("february.jsonl"), "--wait")
                try await Self.keep(cluster)
                try await Self.refuseLongWindows(files, line, cluster)
                // Two years later: everything of then has left, but for what it came to.
                try await cluster.stage.database.pool.withTransaction {
                    try DomainClock.step(to: Self.start + .days(730), in: $0)
                }
                try await eventually("the log has left") {
                    try await cluster.count(
                        """
                        select (select count(*) from event_log)
                            + (select count(*) from event_partitions where sealed_at is not null)
                        """) == 0
                }
                #expect(try await cluster.loods("scores", "check", "--all").contains("all as the log gives them"))
                let totals = try await cluster.texts("select name || ' ' || count from event_totals")
                #expect(totals == ["Order Completed 3"])
                try line.write(Self.events("04", 2), to: "late.jsonl")
                let late = try await cluster.command("import", line.path("late.jsonl"), "--wait", exits: 1)
                #expect(late.contains("2") && late.contains("set aside"), "\(late)")
                let aside = try await cluster.loods("set-aside", "list")
                #expect(aside.contains("past-retention"), "\(aside)")
                let status = try await cluster.command("status", exits: 1)
                #expect(status.contains("the log is kept for 100d; goes back to 20"), "\(status)")
                #expect(status.contains("sent before the log begins"))
            }
        }
    }

    private static func keep(_ cluster: Cluster) async throws {
        #expect(try await cluster.loods("log").contains("kept for good; nothing has left it"))
        let refused = try await cluster.command("log", "keep", "60d", exits: 1)
        #expect(refused.contains("shop: segments/regulars.yaml:2:"), "\(refused)")
        #expect(refused.contains("nothing has been changed"))
        _ = try await cluster.command("log", "keep", "30d", exits: 64)
        _ = try await cluster.command("log", "keep", "36h", exits: 64)
        let kept = try await cluster.loods("log", "keep", "100d")
        #expect(kept.contains("the log is kept for 100d") && kept.contains("the oldest part leaves at "), "\(kept)")
    }

    private static func refuseLongWindows(
        _ files: [String: String], _ line: Terminal, _ cluster: Cluster
    ) async throws {
        for (path, text) in files { try line.write(text, to: "shop/" + path) }
        try line.edit("shop/segments/regulars.yaml") { $0.replacing("90d", with: "101d") }
        try await line("validate", line.path("shop"))
        let found = try await line("validate", line.path("shop"), "--retention", "100d", exits: 1)
        #expect(found.output.contains("a window of 101d is longer than the log is kept, 100d"))
        let refused = try await cluster.command("apply", "--yes", line.path("shop"), exits: 1)
        #expect(refused.contains("a window of 101d") && refused.contains("nothing has been changed"), "\(refused)")
    }
}
