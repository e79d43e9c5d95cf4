import Expressions
import Model
import Simulation
import Testing
import Workspaces

/// Tests within broadcasts on the virtual clock.
struct TestStepTests {
    private static let start = Timestamp(iso8601: "2026-03-02T00:00:00Z")!

    private static func workspace(_ by: String) throws -> Workspace {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.email != \"\""
        files["journeys/news.yaml"] = """
            journey: news
            enter: {schedule: 2026-03-03T09:00, segment: readers}
            steps: [{test: news, share: 40%, variants: [wake-up, docs], by: \(by), after: 2d}]
            """
        files["journeys/asked.yaml"] = "journey: asked\nenter: {event: Asked}\nsteps: [{start: news}]"
        let loaded = Workspace.load(files: files)
        return try #require(loaded.workspace, "\(loaded.findings)")
    }

    private func result(_ text: String) throws -> TestResult {
        let workspace = try Self.workspace("clicks")
        let head =
            "test: news\nstart: 2026-03-02T10:00\njourney: news\ncontact: {email: a@x.example, consents: [offers]}\n"
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": head + text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: ["news"])).run()
    }

    @Test func aTestSaysWhatIsTriedAndWhatWins() throws {
        let tried = try result("variants: {news: docs}\nuntil: 9d\nexpect: [{at: 2026-03-03T09:00, email: docs}]")
        #expect(tried.passed, "\(tried.faults) \(Shop.told(tried))")
        let rest = try result(
            "variants: {news: rest}\nwinners: {news: docs}\nuntil: 9d\nexpect: [{at: 2026-03-05T09:00, email: docs}]")
        #expect(rest.passed, "\(rest.faults) \(Shop.told(rest))")
        let silent = try result(
            """
            variants: {news: rest}
            until: 9d
            expect: [{at: 2026-03-03T09:00, waits_until: 2026-03-05T09:00}, {at: 2026-03-05T09:00, email: wake-up}]
            """)
        #expect(silent.passed, "\(silent.faults) \(Shop.told(silent))")
    }

    /// Whoever another journey's step brings in is in no broadcast, and waits for no winner.
    @Test func whoIsBroughtInGetsTheFirstAtOnce() throws {
        let workspace = try Self.workspace("clicks")
        let text = """
            test: asked
            start: 2026-03-02T10:00
            contact: {email: a@x.example, consents: [offers]}
            variants: {news: rest}
            events: [{at: 1h, track: Asked}]
            until: 2026-03-03T08:00
            expect: [{at: 1h, email: wake-up}]
            """
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let result = PreparedTest(
            try #require(tests.first, "\(findings)"), in: Simulator(workspace, journeys: ["asked", "news"])
        )
        .run()
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func aTestOfNoBroadcastIsUnknown() throws {
        let workspace = try Self.workspace("clicks")
        for (text, message) in [
            ("variants: {nws: docs}", "no broadcast has a test \"nws\""),
            ("winners: {news: rest}", "unknown variant \"rest\""), ("winners: docs", "must be a mapping"),
        ] {
            let file = "test: news\nstart: 2026-03-02T10:00\nnever: [{email: docs}]\n\(text)"
            let (_, findings) = workspace.tests(in: ["tests/a.yaml": file])
            #expect(findings.contains { $0.description.contains(message) }, "\(findings)")
        }
    }

    /// What the crowd does with what is tried decides for the others, as an independent count says.
    @Test func aCrowdDecides() throws {
        let workspace = try Self.workspace("Docs Viewed")
        let people = Crowd(workspace, seed: 9, from: Self.start, for: .days(3))
        var stories: [[Happening]] = []
        CrowdPlay(
            Simulator(workspace, journeys: ["news"]), people: people, count: 300, from: Self.start,
            until: Self.start + .days(9)
        ).play { stories.append($0) }
        let due = Timestamp(iso8601: "2026-03-03T08:00:00Z")!
        var (sent, counted, late): ([String: Int], [String: Int], Set<String>) = ([:], [:], [])
        for story in stories {
            for line in story {
                guard case .sent(_, _, let template) = line.what, line.journey == "news" else { continue }
                guard line.at == due else {
                    #expect(line.at == due + .days(2))
                    late.insert(template)
                    continue
                }
                sent[template, default: 0] += 1
                let reacts = story.contains {
                    $0.what == .event("Docs Viewed") && $0.at >= line.at && $0.at <= due + .days(2)
                }
                counted[template, default: 0] += reacts ? 1 : 0
            }
        }
        #expect(sent.keys.sorted() == ["docs", "wake-up"] && sent.values.allSatisfy { $0 > 20 })
        func rate(_ name: String) -> Double { Double(counted[name] ?? 0) / Double(sent[name] ?? 1) }
        #expect(counted.values.reduce(0, +) > 0 && rate("docs") != rate("wake-up"))
        #expect(late == [rate("docs") > rate("wake-up") ? "docs" : "wake-up"])
    }
}
