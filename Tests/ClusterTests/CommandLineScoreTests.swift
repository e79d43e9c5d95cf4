import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// `explain --score` and `scores check`.
@Suite struct CommandLineScoreTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
    private static let workspace = Shop.files.merging([
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Page Viewed, points: 1, cap: {per_day: 2}}
              - {event: Order Completed, points: 20, when: 'event.properties.order_id != ""', expires: 30d}
              - {event: Basket Left, points: -0.5}
            fit:
              - {when: 'contact.country == "NL"', points: 7}
              - {when: 'contact.employees > 50', points: 11}
              - {when: 'contact.company.plan == "gold"', points: 30}
            bands: [{band: cold}, {band: warm, from: 10}, {band: hot, from: 50}]
          - score: loyalty
            points: [{event: Order Completed, points: 1}]
        """
    ]) { $1 }

    private static let events = """
        {"type":"identify","userId":"anne","messageId":"i","timestamp":"2026-02-01T10:00:00Z","traits":{"country":"NL"}}
        {"type":"group","userId":"anne","messageId":"g","timestamp":"2026-02-01T10:00:00Z","groupId":"acme","traits":{"plan":"gold","seats":7}}
        {"type":"track","userId":"anne","event":"Order Completed","messageId":"old","timestamp":"2026-01-20T10:00:00Z","properties":{"order_id":"o-0"}}
        {"type":"track","userId":"anne","event":"Order Completed","messageId":"new","timestamp":"2026-02-20T10:00:00Z","properties":{"order_id":"o-1"}}
        {"type":"track","userId":"anne","event":"Page Viewed","messageId":"p1","timestamp":"2026-02-28T10:00:00Z"}
        {"type":"track","userId":"anne","event":"Page Viewed","messageId":"p2","timestamp":"2026-02-28T11:00:00Z"}
        {"type":"track","userId":"anne","event":"Page Viewed","messageId":"p3","timestamp":"2026-02-28T12:00:00Z"}
        {"type":"track","userId":"anne","event":"Basket Left","messageId":"b","timestamp":"2026-03-01T12:00:00Z"}

        """

    @Test func everyPointIsAccountedFor() async throws {
        try await Cluster.with(
            services: ["scoring"], clock: .stepped(at: Self.start), workspace: Self.workspace
        ) { cluster in
            try await Terminal.with { line in
                try line.write(Self.events, to: "events.jsonl")
                _ = try await cluster.loods("import", line.path("events.jsonl"), "--wait")
            }
            let all = try Self.scores(try await cluster.loods("explain", "anne", "--score", "--json"))
            #expect(all.map { $0["score"] as? String } == ["engagement", "loyalty"])
            let engagement = try #require(all.first)
            let lines = try #require(engagement["points"] as? [[String: Any]])
            #expect(lines.map { $0["event_id"] as? String } == ["old", "new", "p1", "p2", "p3", "b"])
            #expect(
                lines.map { $0["fate"] as? String } == [
                    "ended", "counts", "counts", "counts", "over-daily-cap", "counts",
                ])
            let fit = try #require(engagement["fit"] as? [[String: Any]])
            #expect(fit.map { $0["holds"] as? Bool } == [true, false, true])
            #expect((fit.first?["attributes"] as? [String: Any])?["country"] as? String == "NL")
            let sum = lines.reduce(37_000) { $0 + Int((($1["left"] as? Double ?? 0) * 1000).rounded()) }
            #expect(Int(((engagement["value"] as? Double ?? 0) * 1000).rounded()) == sum)
            #expect(engagement["band"] as? String == "hot")

            let text = try await cluster.loods("explain", "anne", "--score", "engagement")
            #expect(text.contains("ended Thu 19 February 2026 11:00"))
            #expect(text.contains("not counted: 2 a day at most"))
            #expect(text.contains("contact.country == \"NL\"   country NL"))
            let story = try await cluster.loods("explain", "anne")
            #expect(story.contains("engagement +1 for Page Viewed; not counted: 2 a day at most"))
            #expect(story.contains("score       engagement \(engagement["value"] as? Double ?? 0), hot"))
            let shown = try await cluster.loods("contacts", "show", "anne")
            #expect(shown.contains("company     acme: plan gold, seats 7"))
            #expect(shown.contains("score       engagement \(engagement["value"] as? Double ?? 0), hot"))
            try await Self.check(cluster)
            try await Self.object(cluster)
        }
    }

    /// Whoever objects to profiling has no scores to tell of, and none that differ from the log.
    private static func object(_ cluster: Cluster) async throws {
        _ = try await cluster.loods("contacts", "object", "anne")
        try await eventually("the objection is known") {
            try await cluster.loods("explain", "anne").contains("objects     to profiling")
        }
        #expect(try await !cluster.loods("explain", "anne").contains("score       "))
        #expect(try await cluster.loods("explain", "anne", "--score").contains("objects to profiling: has no scores"))
        let told = try scores(try await cluster.loods("explain", "anne", "--score", "--json"))
        #expect(told.isEmpty)
        #expect(try await cluster.loods("scores", "check", "--all").contains("all as the log gives them, to the bit"))
    }

    private static func scores(_ json: String) throws -> [[String: Any]] {
        let told = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        return try #require(told["scores"] as? [[String: Any]])
    }

    /// All is well, until somebody changes a sum.
    private static func check(_ cluster: Cluster) async throws {
        #expect(try await cluster.loods("scores", "check", "--all").contains("all as the log gives them, to the bit"))
        #expect(try await cluster.loods("scores", "check", "anne").contains("1 contact, 2 scores"))
        for (table, change) in [
            ("scores", "update scores set amount = amount + 1 where model = 'engagement'"),
            ("score_counts", "update score_counts set counted = counted - 0"),
        ] as [(String, Query)] {
            _ = try await cluster.stage.database.pool.withConnection { try $0.execute(change) }
            let found = try await cluster.command("scores", "check", "--all", exits: 1)
            #expect(found.contains("1 difference"), "\(table): \(found)")
        }
    }
}
