import Foundation
import Testing
import TestSupport

/// `loods test` and `loods simulate` as a person uses them: no server is there.
@Suite struct CommandLineTestTests {
    @Test(arguments: ["see-think-do-care", "touch-tell-sell", "lifecycle"])
    func whatInitWritesPassesItsTests(stages: String) async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"), "--stages", stages)
            let told = try await line("test", line.path("shop"))
            #expect(told.output.contains("3 tests passed in "), "\(told.output)")
            #expect(told.output.contains("coverage: 5 of 5 steps, 2 of 2 branches"), "\(told.output)")
            try await line("validate", line.path("shop"))
        }
    }

    @Test func theDemosShopPassesItsTests() async throws {
        try await Terminal.with { line in
            let shop = try #require(Terminal.checkout?.appendingPathComponent("deploy/demo/shop").path)
            let told = try await line("test", shop, "--coverage")
            #expect(
                told.output.contains("9 tests passed") && !told.output.contains("no test reaches"), "\(told.output)")
            #expect(try await line("test", shop, "trial").output.contains("3 tests passed"))
        }
    }

    @Test func aFailureShowsTimeAndPlace() async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"))
            try line.edit("shop/tests/welcome.yaml") {
                $0.replacing("{at: 1d, track: Order Completed}", with: "{at: 1d, track: Order completed}")
            }
            let told = try await line("test", line.path("shop"), "--junit", line.path("report.xml"), exits: 1).output
            #expect(told.contains("✗ whoever orders again has been won  tests/welcome.yaml:15"), "\(told)")
            #expect(told.contains("  1d  ends: goal") && told.contains("← did not happen"))
            #expect(told.contains("e-mail welcome-story  ← not expected"))
            #expect(told.contains("did you mean \"Order Completed\"?") && told.contains("journeys/welcome.yaml:3:16"))
            #expect(told.contains("2 tests passed, 1 failed"))
            let report = try String(contentsOfFile: line.path("report.xml"), encoding: .utf8)
            #expect(report.contains("<testsuite name=\"tests/welcome.yaml\" tests=\"3\" failures=\"1\">"))
            #expect(report.contains("<failure message=\"1d ends: goal: did not happen"))
            let parser = XMLParsing(report)
            #expect(parser.isSound)
            let json = try await line("test", line.path("shop"), "--json", exits: 1).object()
            #expect(json["failed"] as? Int == 1)
            #expect((json["tests"] as? [[String: Any]])?.count == 3)
        }
    }

    /// As far as a reader of XML goes: every element that is opened is closed, in order.
    private struct XMLParsing {
        let isSound: Bool

        init(_ text: String) {
            var open: [Substring] = []
            var isSound = text.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
            for match in text.dropFirst(39).matches(of: /<(\/?)([a-z]+)((?:[^<>"]|"[^"<]*")*?)(\/?)>/) {
                if match.1 == "/" { isSound = isSound && open.popLast() == match.2 }
                if match.1.isEmpty && match.4.isEmpty { open.append(match.2) }
            }
            self.isSound = isSound && open.isEmpty
        }
    }

    @Test func faultyFilesAreNamed() async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"))
            try line.edit("shop/tests/welcome.yaml") { $0.replacing("welcome-story}", with: "welcome-stroy}") }
            for command in ["test", "validate"] {
                let told = try await line(command, line.path("shop"), exits: 1).output
                #expect(told.contains("tests/welcome.yaml:7:37  unknown e-mail \"welcome-stroy\""), "\(told)")
                #expect(told.contains("did you mean \"welcome-story\"?"))
            }
            try await line("test", line.path("shop"), "nothing", exits: 1)
        }
    }

    @Test func aCrowdAndAContactArePlayed() async throws {
        try await Terminal.with { line in
            try await line("init", line.path("shop"))
            let first = try await line("simulate", line.path("shop"), "--crowd", "200", "--json").output
            #expect(try await line("simulate", line.path("shop"), "--crowd", "200", "--json").output == first)
            let other = try await line("simulate", line.path("shop"), "--crowd", "200", "--seed", "2", "--json")
            #expect(other.output != first)
            let told = try await line("simulate", line.path("shop"), "--crowd", "200", "--for", "20d").output
            #expect(told.contains("200 contacts over 20d") && told.contains("welcome/welcome-thanks"), "\(told)")
            try line.write(
                """
                start: 2026-03-02T10:00
                contact: {email: anne@shop.example, consents: [offers]}
                events: [{at: 0d, track: Order Completed}]
                """, to: "anne.yaml")
            let story = try await line("simulate", line.path("shop"), "--contact", line.path("anne.yaml")).output
            #expect(story.contains("Thu 5 March 2026") && story.contains("2 mails sent"), "\(story)")
            try await line("simulate", line.path("shop"), exits: 64)
            for day in ["2255-03-01", "9999-01-01", "2026-02-30", "2026-3-2"] {
                try await line("simulate", line.path("shop"), "--crowd", "1", "--start", day, exits: 64)
            }
            try await line("simulate", line.path("shop"), "--contact", line.path("nobody.yaml"), exits: 64)
        }
    }

    @Test func testsAreNoPartOfWhatIsApplied() async throws {
        try await Terminal.withServers { line, _ in
            try line.edit("shop/tests/welcome.yaml") { $0.replacing("anne@", with: "bram@") }
            let again = try await line("apply", line.path("shop"), "--json").object()
            #expect(again["changed"] as? Bool == false)
        }
    }
}
