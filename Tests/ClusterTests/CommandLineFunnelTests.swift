import Foundation
import Laboratory
import Model
import Postgres
import Store
import Testing
import TestSupport

@Suite struct CommandLineFunnelTests {
    private static let start = Timestamp(iso8601: "2026-03-20T09:00:00Z")!

    /// Anne was in before and moves on, Ben is new, Cor was there and stays; Dan is new and ends up as far as Anne.
    private static let events = """
        {"type":"track","userId":"anne","event":"Page Viewed","messageId":"a1","timestamp":"2026-03-01T10:00:00Z"}
        {"type":"track","userId":"cor","event":"Page Viewed","messageId":"c1","timestamp":"2026-03-01T11:00:00Z"}
        {"type":"track","userId":"anne","event":"Order Completed","messageId":"a2","timestamp":"2026-03-06T10:00:00Z","properties":{"order_id":"o-1"}}
        {"type":"track","userId":"ben","event":"Page Viewed","messageId":"b1","timestamp":"2026-03-07T10:00:00Z"}
        {"type":"track","userId":"dan","event":"Order Completed","messageId":"d1","timestamp":"2026-03-08T10:00:00Z","properties":{"order_id":"o-2"}}
        {"type":"track","userId":"dan","event":"Review Given","messageId":"d2","timestamp":"2026-03-20T08:30:00Z","properties":{"stars":4}}

        """

    private static let first = """
        journey: first
        enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
        goal: {when: run.did("Review Given"), within: 60d, value: 'run.sum("Review Given", "stars")'}
        steps: [{email: receipt}, {email: offer}]
        """

    @Test func stagesAndFlowsBetweenTwoDates() async throws {
        let stages = """
            stages:
              - stage: see
              - {stage: think, when: 'count("Page Viewed") >= 2'}
              - {stage: do, when: 'did("Order Completed")'}
            """
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: Self.start),
            workspace: Shop.files.merging(["stages.yaml": stages, "journeys/first.yaml": Self.first]) { $1 }
        ) { cluster in
            try await Terminal.with { line in
                for (number, event) in Self.events.split(separator: "\n").enumerated() {
                    try line.write("\(event)\n", to: "\(number).jsonl")
                    _ = try await cluster.loods("import", line.path("\(number).jsonl"), "--trigger", "--wait")
                }
            }
            let json = try await cluster.loods("funnel", "--from", "2026-03-05", "--json")
            let funnel = try #require(
                try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            // Midnight in Amsterdam.
            #expect((funnel["from"] as? String)?.hasPrefix("2026-03-04T23:00:00") == true)
            let flows = try #require(funnel["flows"] as? [[String: Any]]).map { flow in
                "\(flow["from"] as? String ?? "-") \(flow["to"] as? String ?? "-") \(flow["contacts"] as? Int ?? 0)"
            }
            #expect(flows == ["- do 1", "- see 1", "see do 1", "see see 1"])
            let counts = try #require(funnel["stages"] as? [[String: Any]]).map { stage in
                "\(stage["stage"] ?? "") \(stage["before"] ?? 0) \(stage["after"] ?? 0)"
            }
            #expect(counts == ["see 2 2", "think 0 0", "do 0 2"])
            let journeys = try #require(funnel["journeys"] as? [[String: Any]])
            let first = try #require(journeys.first { $0["journey"] as? String == "first" })
            #expect(first["entered"] as? Int == 2)
            // Dan's goal, at what it was worth when it was reached.
            #expect((first["ended"] as? [String: Int])?["converted"] == 1)
            #expect(first["value"] as? Double == 4)
            #expect(try await cluster.loods("funnel", "--from", "2026-03-05").contains("1 converted · worth 4"))
            #expect(try await cluster.loods("explain", "dan").contains("worth 4"))

            let text = try await cluster.loods("funnel", "--from", "2026-03-05", "--to", "2026-03-07")
            #expect(text.contains("→ do 1"))
            #expect(!text.contains("new"))
            _ = try await cluster.command("funnel", "--from", "yesterday", exits: 64)
            _ = try await cluster.command("funnel", "--from", "2026-04-05", exits: 64)
            try await Self.countReaders(of: "offer", on: cluster)
            let told = try await cluster.loods("funnel", "--from", "2026-03-05")
            #expect(told.contains("offer, untracked: 3 opened · 2 clicked, 1 by machines"), "\(told)")
            let counted = try JSON(parsing: Array(try await cluster.loods("funnel", "--json").utf8))
            let untracked = counted["journeys"]?.array?.first { $0["journey"] == .string("first") }?["untracked"]
            #expect(
                try untracked
                    == JSON(
                        parsing: Array(
                            #"[{"step": "offer", "opens": {"human": 3}, "clicks": {"human": 2, "scanner": 1}}]"#.utf8)))
        }
    }

    /// Readers who have not agreed to be known by what they open and click; of a day on which the funnel looks by itself.
    private static func countReaders(of step: String, on cluster: Cluster) async throws {
        let counts: [(kind: MailCounts.Kind, visitor: String, count: Int64)] = [
            (.open, "human", 3), (.click, "human", 2), (.click, "scanner", 1),
        ]
        try await cluster.stage.database.pool.withTransaction { session in
            let keys = counts.map { counted in
                MailCounts.Key(
                    workspace: WorkspaceID(rawValue: 1), journey: "first", step: step, template: "offer",
                    kind: counted.kind, visitor: counted.visitor)
            }
            try MailCounts.add(
                Dictionary(uniqueKeysWithValues: zip(keys, counts.map(\.count))),
                now: try DomainClock.read(in: session), in: session)
        }
    }
}
