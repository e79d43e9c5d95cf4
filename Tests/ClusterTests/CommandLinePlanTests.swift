import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// What `loods plan` counts, and that `loods apply` does just that.
@Suite struct CommandLinePlanTests {
    @Test func aPlanSaysWhatChangesAndByItsCodeWhetherAnythingDoes() async throws {
        try await Terminal.withServers { line, _ in
            let same = try await line("plan", line.path("shop"))
            #expect(same.output.contains("stays at revision 1: nothing has changed"))
            try line.edit("shop/journeys/welcome.yaml") { $0.replacing("wait: 2d", with: "wait: 1d") }
            try line.edit("shop/emails/welcome-story/email.yaml") { $0.replacing("How", with: "Why") }
            let plan = try await line("plan", line.path("shop"), exits: 2)
            #expect(plan.output.contains("~ journey welcome   version 1 → 2"), "\(plan.output)")
            #expect(plan.output.contains("    ~ wait 2d → wait 1d   after welcome-thanks"), "\(plan.output)")
            #expect(plan.output.contains("~ e-mail welcome-story\n      ~ subject   How we choose"), "\(plan.output)")
            #expect(plan.output.contains("2 to change. Nothing has been changed."), "\(plan.output)")
            let json = try await line("plan", line.path("shop"), "--json", exits: 2).object()
            #expect(json["revision"] as? Int == 2 && json["previous"] as? Int == 1)
            #expect(
                (json["changes"] as? [[String: Any]])?.map { $0["name"] as? String } == ["welcome", "welcome-story"])
            // Nothing was changed by looking.
            #expect(try await line("plan", line.path("shop"), "--json", exits: 2).object()["previous"] as? Int == 1)
            try line.edit("shop/journeys/welcome.yaml") { $0.replacing("- wait: 1d", with: "- wiat: 1d") }
            try await line("plan", line.path("shop"), exits: 1)
        }
    }

    @Test func aPlanForAWorkspaceThatIsNewHasChanges() async throws {
        try await Terminal.withServers { line, _ in
            let plan = try await line("plan", line.path("shop"), "--workspace", "second", exits: 2)
            #expect(plan.output.contains("workspace second is new"))
            #expect(plan.output.contains("+ journey welcome   version 1, 2 e-mails"))
            try await line("contacts", "count", "--workspace", "second", exits: 64)
        }
    }

    @Test func whereNobodyCanBeAskedYesMustBeSaid() async throws {
        try await Terminal.withServers { line, _ in
            try line.edit("shop/stages.yaml") { $0 + "\n# a remark\n" }
            let refused = try await line("apply", line.path("shop"), exits: 1)
            #expect(refused.output.contains("apply with --yes (and --if-revision 1"), "\(refused.output)")
            try await line("apply", line.path("shop"), "--json", exits: 1)
            try await line("plan", line.path("shop"), exits: 2)
            try await line("apply", line.path("shop"), "--yes", "--if-revision", "1")
            // What is live already needs no asking.
            try await line("apply", line.path("shop"))
        }
    }

    @Test func whoAppliesIsToldOfWhatOthersAppliedMeanwhile() async throws {
        try await Terminal.withServers { line, _ in
            let mine = try String(contentsOfFile: line.path("shop/journeys/welcome.yaml"), encoding: .utf8)
            try line.edit("shop/journeys/welcome.yaml") { $0.replacing("wait: 2d", with: "wait: 3d") }
            try await line(
                "apply", line.path("shop"), "--yes", "--reason", "people read \u{1B}slowly", with: ["USER": "ben"])
            // Back to what the folder of somebody else still says.
            try line.write(mine, to: "shop/journeys/welcome.yaml")
            let plan = try await line("plan", line.path("shop"), exits: 2)
            let told =
                "! journeys/welcome.yaml is here as it was in revision 1; ben changed it in revision 2, at "
            #expect(plan.output.contains(told), "\(plan.output)")
            #expect(plan.output.contains("(people read \\u{1B}slowly): applying takes that back"), "\(plan.output)")
            #expect(plan.output.contains("live is revision 2, applied by ben at "), "\(plan.output)")
            let moved = try await line("apply", line.path("shop"), "--yes", "--if-revision", "1", exits: 1)
            #expect(moved.output.contains("revision 2 of workspace shop is live, applied by ben"), "\(moved.output)")
            try await line("apply", line.path("shop"), "--yes", "--if-revision", "2", with: ["USER": "anne"])

            let history = try await line("history", "--json").json() as? [[String: Any]]
            #expect(history?.map { $0["by"] as? String }.prefix(2) == ["anne", "ben"])
            #expect(history?[1]["reason"] as? String == "people read \u{1B}slowly")
            let second = try await line("history", "2")
            #expect(second.output.contains("~ wait 2d → wait 3d   after welcome-thanks"), "\(second.output)")
            try await line("history", "9", exits: 1)
        }
    }

    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    /// A segment with members, a journey that lets them in, and a change to it while they are under way.
    @Test(.timeLimit(.minutes(10)))
    func whatWasCountedIsWhatThenHappens() async throws {
        var files = Shop.files
        files["segments/buyers.yaml"] = "segment: buyers\nwhen: did(\"Order Completed\")\n"
        let services = ["scoring", "scheduler", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: files) { cluster in
            try await Terminal.with { line in
                let orders = (1...30).map { number in
                    """
                    {"type":"track","userId":"u\(number)","event":"Order Completed","messageId":"o\(number)",\
                    "timestamp":"2026-03-01T10:00:00Z","properties":{"order_id":"\(number)"},\
                    "context":{"traits":{"email":"u\(number)@shop.example"}}}
                    """
                }
                try line.write(orders.joined(separator: "\n"), to: "orders.jsonl")
                _ = try await cluster.loods("import", line.path("orders.jsonl"), "--wait")
                _ = try await cluster.loods("clock", "advance", "1m")

                let named = "segment: named\nwhen: 'did(\"Order Completed\") && contact.email != \"u1@shop.example\"'\n"
                let others = files.merging(["segments/named.yaml": named]) { $1 }
                for (name, text) in others { try line.write(text, to: "others/" + name) }
                let other = try await cluster.command("plan", line.path("others"), exits: 2)
                #expect(other.contains("would have   29 of 30 contacts; 0 now"), "\(other)")

                func write() throws { for (name, text) in files { try line.write(text, to: "shop/" + name) } }
                func plan() async throws -> [String: Any] {
                    let output = try await cluster.command("plan", line.path("shop"), "--json", exits: 2)
                    // Warnings stand before it.
                    let last = output.split(separator: "\n").last ?? ""
                    let json = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
                    let journeys = try #require(json?["journeys"] as? [[String: Any]])
                    return try #require(journeys.first { $0["journey"] as? String == "again" })
                }
                files["journeys/again.yaml"] = """
                    journey: again
                    enter: {segment: buyers, backfill: true}
                    steps: [{wait: 12h}, {email: receipt, step: again}, {wait: 5d}]
                    """
                try write()
                #expect(try await plan()["entering"] as? Int == 30)
                _ = try await cluster.loods("apply", "--yes", line.path("shop"))
                _ = try await cluster.loods("clock", "advance", "1m")
                #expect(try await cluster.count("select count(*) from runs where journey = 'again'") == 30)

                files["journeys/again.yaml"] = files["journeys/again.yaml"]?.replacing("5d", with: "6d")
                try write()
                let counted = try await plan()
                #expect(counted["entering"] is NSNull)
                let standing = try #require((counted["in_flight"] as? [[String: Any]])?.first)
                #expect(standing["step"] as? String == "wait 1" && standing["runs"] as? Int == 30)
                let mails = (counted["next_24_hours"] as? [String: Any])?["mails"] as? [[String: Any]]
                #expect(mails?.first?["step"] as? String == "again" && mails?.first?["certain"] as? Int == 30)
                _ = try await cluster.loods("apply", "--yes", line.path("shop"))
                _ = try await cluster.loods("clock", "advance", "1d")
                #expect(
                    try await cluster.count(
                        "select count(*) from messages where step = 'again' and state = 'accepted'") == 30)
                #expect(
                    try await cluster.count("select count(*) from runs where journey = 'again' and journey_version = 1")
                        == 30)
            }
        }
    }
}
