import Foundation
import Laboratory
import Messaging
import Model
import Postgres
import Store
import TestSupport
import Testing

/// Two workspaces in one store, and commands about one of them: they find, count and change nothing of the other. What
/// keeps a statement that forgets to say which workspace from doing so is in `StandingTests`.
@Suite struct WorkspaceIsolationTests {
    private static func withTwo(_ body: (Terminal, TestStage) async throws -> Void) async throws {
        try await Terminal.withServers { line, stage in
            try await line("apply", line.path("shop"), "--yes", "--workspace", "other")
            for (workspace, name) in [("shop", "anne"), ("other", "ben")] {
                try line.write(
                    """
                    {"type":"track","userId":"\(name)","event":"X","messageId":"m","timestamp":"2026-03-01T10:00:00Z","context":{"traits":{"email":"\(name)@example.com"}}}
                    """, to: "\(workspace).jsonl")
            }
            let scoring = try ServiceProcess(
                "scoring",
                environment: line.environment.merging(["LOODS_DATABASE_URL": stage.database.url(as: "scoring")]) { $1 })
            for workspace in ["shop", "other"] {
                try await line("import", line.path("\(workspace).jsonl"), "--wait", "--workspace", workspace)
            }
            try await scoring.terminate()
            try await body(line, stage)
        }
    }

    @Test func contactsAndTheirStoriesAreTheWorkspaces() async throws {
        try await Self.withTwo { line, _ in
            let shop = ["--workspace", "shop"]
            #expect(try await line(["contacts", "count", "--json"] + shop).object()["contacts"] as? Int == 1)
            let listed = try await line(["contacts", "list"] + shop).output
            #expect(listed.contains("anne@example.com") && !listed.contains("ben"))
            for command in [["explain"], ["contacts", "show"]] {
                try await line(command + ["anne@example.com"] + shop)
                let stranger = try await line(command + ["ben@example.com"] + shop, exits: 1)
                #expect(stranger.output.contains("nobody in workspace shop"))
                let id = Identity(.user, "ben").subjectID(in: WorkspaceID(rawValue: 2)).description
                try await line(command + [id] + shop, exits: 1)
            }
        }
    }

    @Test func keysAndDefinitionsAreTheWorkspaces() async throws {
        try await Self.withTwo { line, stage in
            try await line("keys", "create", "--kind", "server", "--name", "theirs", "--workspace", "other")
            let listed = try await line("keys", "list", "--json", "--workspace", "shop").json() as? [Any]
            #expect(listed?.isEmpty == true)
            try await line("keys", "revoke", "theirs", "--workspace", "shop", exits: 1)
            // A key that another workspace has is not told of, and not taken.
            try await line("keys", "create", "--kind", "public", "--key", "a-fixed-key", "--workspace", "other")
            let taken = try await line(
                "keys", "create", "--kind", "public", "--key", "a-fixed-key", "--workspace", "shop", exits: 64)
            #expect(!taken.output.contains("workspace"))

            try line.edit("shop/journeys/welcome.yaml") { $0.replacing("stage: ", with: "# changed\nstage: ") }
            try await line("apply", line.path("shop"), "--yes")
            let revisions = try await stage.database.pool.withConnection { session in
                try session.query("select name || ' ' || revision from workspaces order by name").map {
                    try $0[0, as: String.self]
                }
            }
            #expect(revisions == ["other 1", "shop 2"])
        }
    }

    @Test func whatIsSetAsideIsTheWorkspaces() async throws {
        try await Self.withTwo { line, stage in
            let items = [(Int32(1), "ours"), (2, "theirs"), (nil, "nobody's")].map { workspace, name in
                SetAside.Item(
                    id: .derived("test", name), queue: "events", lane: "bulk", reason: "of \(name)",
                    body: Array(name.utf8), attempts: 1, setAsideAt: Timestamp(seconds: 0),
                    workspace: workspace.map { WorkspaceID(rawValue: $0) })
            }
            try await stage.database.pool.withTransaction { try SetAside.add(items, in: $0) }
            let shop = ["--workspace", "shop"]
            let listed = try await line(["set-aside", "list"] + shop).output
            #expect(listed.contains("of ours") && !listed.contains("theirs") && !listed.contains("nobody"))
            let all = try await line("set-aside", "list").output
            #expect(all.contains("of ours") && all.contains("of theirs") && all.contains("of nobody's"))
            for item in items.dropFirst() {
                try await line(["set-aside", "show", item.id.description] + shop, exits: 1)
                try await line(["set-aside", "replay", item.id.description] + shop, exits: 1)
            }
            #expect(
                try await line(["set-aside", "replay", "--all", "--json"] + shop).object()["replayed"] as? Int == 1)
            #expect(try await stage.broker.take(from: .events, lane: .bulk) == [Array("ours".utf8)])
            let left = try await line("set-aside", "list", "--json").json() as? [[String: Any]]
            #expect(Set((left ?? []).compactMap { $0["reason"] as? String }) == ["of theirs", "of nobody's"])
        }
    }
}
