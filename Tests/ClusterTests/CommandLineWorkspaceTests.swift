import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

@Suite struct CommandLineWorkspaceTests {
    @Test func whatInitWritesIsSound() async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"))
            let findings = try await line("validate", line.path("shop"), "--json")
            #expect(try findings.json() as? [String] == [])
            let refusal = try await line("init", line.path("shop"), exits: 64)
            #expect(refusal.output.contains("not empty"))
        }
    }

    @Test(arguments: ["see-think-do-care", "touch-tell-sell", "lifecycle"])
    func everyReadySetOfStagesIsSound(stages: String) async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"), "--stages", stages)
            let findings = try await line("validate", line.path("shop"), "--json")
            #expect(try findings.json() as? [String] == [])
            try await line("init", line.path("other"), "--stages", "none-such", exits: 64)
        }
    }

    /// Each is sound, and its tests reach every step and branch.
    @Test func everyRecipeIsSound() async throws {
        try await Terminal.with { line in
            var line = line
            let recipes = try #require(Terminal.checkout).appendingPathComponent("deploy/recipes")
            line.environment["LOODS_RECIPES"] = recipes.path
            let unknown = try await line("init", line.path("none"), "--recipe", "none", exits: 64)
            let names = try FileManager.default.contentsOfDirectory(atPath: recipes.path).sorted()
            #expect(names.count >= 6 && unknown.output.contains(names.joined(separator: ", ")))
            for name in names {
                try await line("init", line.path(name), "--recipe", name, "--name", "ours")
                let findings = try await line("validate", line.path(name), "--json")
                #expect(try findings.json() as? [String] == [], "\(name)")
                let tests = try await line("test", line.path(name))
                let coverage = try #require(
                    tests.output.firstMatch(of: /coverage: (\d+) of (\d+) steps?, (\d+) of (\d+) branch/))
                #expect(coverage.1 == coverage.2 && coverage.3 == coverage.4, "\(name): \(tests.output)")
                let settings = try String(contentsOfFile: line.path("\(name)/workspace.yaml"), encoding: .utf8)
                #expect(settings.hasPrefix("workspace: ours\n"))
            }
        }
    }

    @Test func findingsNameTheirPlace() async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"))
            try line.edit("shop/journeys/welcome.yaml") { $0.replacing("offers", with: "offrs") }
            let text = try await line("validate", line.path("shop"), exits: 1)
            #expect(text.output.contains("journeys/welcome.yaml:9:"))
            let json = try await line("validate", line.path("shop"), "--json", exits: 1).json()
            let error = try #require((json as? [[String: Any]])?.first { $0["severity"] as? String == "error" })
            #expect(error["file"] as? String == "journeys/welcome.yaml")
            #expect(error["line"] as? Int == 9)
            #expect(error["code"] as? String == "expression")
        }
    }

    @Test func usageAndAbsentServersHaveTheirCodes() async throws {
        try await Terminal.with { line in
            try await line("nonsense", exits: 64)
            try await line("clock", "advance", "x", exits: 64)
            try await line("validate", line.path("nowhere"), exits: 64)
            let missing = try await line("contacts", "count", exits: 64)
            #expect(missing.output.contains("LOODS_DATABASE_URL   missing"))
            let away = try await line(
                "contacts", "count", exits: 69, with: ["LOODS_DATABASE_URL": "postgres://loods@127.0.0.1:1/x"])
            #expect(away.output.hasPrefix("PostgreSQL is away"))
            #expect(away.output.split(separator: "\n").count == 1)
            try await line("probe", "http://127.0.0.1:1/", exits: 1)
        }
    }

    @Test func applyingTheSameChangesNothing() async throws {
        try await Terminal.withServers { line, stage in
            let again = try await line("apply", line.path("shop"), "--yes", "--json").object()
            #expect(again["changed"] as? Bool == false)
            #expect(again["revision"] as? Int == 1)
            try line.edit("shop/stages.yaml") { $0 + "\n# a remark\n" }
            let remark = try await line("apply", line.path("shop"), "--yes", "--json").object()
            #expect(remark["revision"] as? Int == 2)
            try line.edit("shop/emails/welcome-story/email.yaml") { $0.replacing("How", with: "Why") }
            try await line("apply", line.path("shop"), "--yes")
            // The remark left the journey as it was; a mail of the journey's did not.
            #expect(try await Self.versions(stage) == ["welcome 1 1", "welcome 2 3"])
        }
    }

    @Test func changedSettingsGiveJourneysANewVersion() async throws {
        try await Terminal.withServers { line, stage in
            try line.edit("shop/workspace.yaml") { $0 + "\n# a remark\n" }
            try await line("apply", line.path("shop"), "--yes")
            try line.edit("shop/workspace.yaml") { $0.replacing("hello@shop.example", with: "hi@shop.example") }
            let sender = try await line("apply", line.path("shop"), "--yes")
            #expect(sender.output.contains("~ journey welcome   version 1 → 2; runs under way stay on theirs"))
            #expect(try await Self.versions(stage) == ["welcome 1 1", "welcome 2 3"])
        }
    }

    /// The run that waits when the sender changes keeps the one that it began with.
    @Test(.timeLimit(.minutes(10)))
    func aNewSenderIsUsedForNewEntries() async throws {
        var files = Shop.files
        files["journeys/first.yaml"] = """
            journey: first
            enter: {event: Order Completed, when: 'count("Order Completed") == 1', again: never}
            steps:
              - wait: 1d
              - email: receipt
            """
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        try await Cluster.with(
            services: ["scoring", "scheduler", "mailer"], clock: .stepped(at: start), workspace: files
        ) { cluster in
            try await Terminal.with { line in
                func order(by person: String) async throws {
                    try line.write(
                        """
                        {"type":"track","userId":"\(person)","event":"Order Completed","messageId":"\(person)","timestamp":"2026-03-02T08:00:00Z","context":{"traits":{"email":"\(person)@shop.example"}}}
                        """, to: "\(person).jsonl")
                    _ = try await cluster.loods("import", line.path("\(person).jsonl"), "--trigger", "--wait")
                    // Rests only when the run waits.
                    _ = try await cluster.loods("clock", "advance", "1m")
                }
                try await order(by: "anne")
                files["workspace.yaml"] = files["workspace.yaml"]?.replacing("hello@", with: "hi@")
                for (name, text) in files { try line.write(text, to: "shop/" + name) }
                _ = try await cluster.loods("apply", "--yes", line.path("shop"))
                try await order(by: "ben")
                _ = try await cluster.loods("clock", "advance", "2d")
            }
            let senders = Dictionary(uniqueKeysWithValues: try cluster.mail.mails().map { ($0.to, $0.from) })
            #expect(senders == ["anne@shop.example": "hello@shop.example", "ben@shop.example": "hi@shop.example"])
        }
    }

    @Test func whoIsRefusedIsToldWhichSettingToMend() async throws {
        try await Terminal.withServers { line, _ in
            let database = try #require(line.environment["LOODS_DATABASE_URL"])
            let broker = try #require(line.environment["LOODS_AMQP_URL"])
            func wrong(_ url: String) -> String { url.replacing(/:\/\/[^@]+@/, with: "://nobody:wrong@") }
            let user = try await line("contacts", "count", exits: 64, with: ["LOODS_DATABASE_URL": wrong(database)])
            #expect(user.output.hasPrefix("LOODS_DATABASE_URL") && user.output.contains("check its user and password"))
            #expect(user.output.split(separator: "\n").count == 1)
            let absent = try await line("migrate", exits: 64, with: ["LOODS_DATABASE_URL": database + "-absent"])
            #expect(absent.output.contains("make the database, or name another"))
            try line.write("{\"type\":\"track\",\"userId\":\"u\",\"event\":\"X\"}", to: "x.jsonl")
            for arguments in [["status"], ["import", line.path("x.jsonl")]] {
                let refused = try await line(arguments, exits: 64, with: ["LOODS_AMQP_URL": wrong(broker)])
                #expect(refused.output.hasPrefix("LOODS_AMQP_URL: ACCESS_REFUSED"), "\(refused.output)")
            }
        }
    }

    @Test func journeysLeaveAndComeBackAsTheyWere() async throws {
        try await Terminal.withServers { line, stage in
            let file = line.folder.appendingPathComponent("shop/journeys/welcome.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            try FileManager.default.removeItem(at: file)
            let gone = try await line("apply", line.path("shop"), "--yes")
            #expect(gone.output.contains("- journey welcome"))
            try line.write(text, to: "shop/journeys/welcome.yaml")
            let back = try await line("apply", line.path("shop"), "--yes")
            #expect(back.output.contains("version 1 takes entries again"))
            #expect(try await Self.versions(stage) == ["welcome 1 1"])
        }
    }

    @Test func whatWouldMakeFactsWrongIsRefused() async throws {
        try await Terminal.withServers { line, stage in
            try line.edit("shop/scores.yaml") { $0.replacing("14d", with: "7d") }
            let faster = try await line("apply", line.path("shop"), "--yes", exits: 1)
            #expect(faster.output.contains("half_life cannot change from 14d to 7d"))
            try line.edit("shop/scores.yaml") { $0.replacing("7d", with: "14d") }
            let swapped = { (text: String) in
                text.replacing("- email: welcome-thanks", with: "- {email: welcome-story, step: welcome-thanks}")
                    .replacing("- email: welcome-story", with: "- {email: welcome-thanks, step: welcome-story}")
            }
            let journey = try String(contentsOfFile: line.path("shop/journeys/welcome.yaml"), encoding: .utf8)
            try line.write(swapped(journey), to: "shop/journeys/welcome.yaml")
            let reused = try await line("apply", line.path("shop"), "--yes", exits: 1)
            let told = "step \"welcome-thanks\" sent welcome-thanks in version 1 and would send welcome-story now"
            #expect(reused.output.contains(told), "\(reused.output)")
            #expect(try await Self.versions(stage) == ["welcome 1 1"])
            // A version between that knows no such step makes it no better.
            try line.write(
                journey.replacing("- email: welcome-thanks", with: "- {email: welcome-thanks, step: thanks}"),
                to: "shop/journeys/welcome.yaml")
            try await line("apply", line.path("shop"), "--yes")
            try line.write(swapped(journey), to: "shop/journeys/welcome.yaml")
            let later = try await line("apply", line.path("shop"), "--yes", exits: 1)
            #expect(later.output.contains(told), "\(later.output)")
        }
    }

    @Test func severalWorkspacesAreToldApart() async throws {
        try await Terminal.withServers { line, _ in
            try await line("apply", line.path("shop"), "--yes", "--workspace", "second")
            let unclear = try await line("contacts", "count", exits: 64)
            #expect(unclear.output.contains("second, shop"))
            try await line("contacts", "count", with: ["LOODS_WORKSPACE": "second"])
            try await line("contacts", "count", "--workspace", "third", exits: 64, with: ["LOODS_WORKSPACE": "second"])
        }
    }

    @Test func keysAreShownOnceAndStandOnce() async throws {
        try await Terminal.withServers { line, stage in
            let key = try await line("keys", "create", "--kind", "server").output
            #expect(key.wholeMatch(of: /lk_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}\n/) != nil)
            try await line("keys", "create", "--kind", "server", "--name", "fixed", "--key", "a-fixed-key")
            try await line("keys", "create", "--kind", "server", "--name", "fixed", "--key", "a-fixed-key")
            try await line("keys", "create", "--kind", "public", "--name", "other", "--key", "a-fixed-key", exits: 64)
            try await line("keys", "revoke", "fixed")
            try await line("keys", "revoke", "fixed", exits: 1)
            try await line("keys", "create", "--kind", "server", "--name", "late", "--key", "a-fixed-key", exits: 64)
            let listed = try await line("keys", "list", "--json").output
            #expect(!listed.contains(key.dropLast()))
            #expect(!listed.contains("a-fixed-key"))
        }
    }

    @Test func manyMigrateAtOnce() async throws {
        try await TestDatabase.withEmpty { database in
            try await Terminal.with { line in
                var line = line
                line.environment = ["LOODS_DATABASE_URL": database.url]
                let early = try await line("contacts", "count", exits: 1)
                #expect(early.output.contains("loods migrate"))
                let start = ["LOODS_CLOCK": "stepped@2026-03-02T09:00:00Z"]
                let ready = line
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { try await ready("migrate", with: start) } }
                    try await group.waitForAll()
                }
                let clock = try await line("clock", "show", "--json").object()
                #expect(clock["now"] as? String == "2026-03-02T09:00:00Z")
                let refusal = try await line("migrate", exits: 64)
                #expect(refusal.output.contains("real") && refusal.output.contains("stepped"))
            }
        }
    }

    private static func versions(_ stage: TestStage) async throws -> [String] {
        try await stage.database.pool.withConnection { session in
            try session.query(
                "select journey || ' ' || version || ' ' || revision from journey_versions order by version"
            ).map { try $0[0, as: String.self] }
        }
    }
}
