import Model
import Simulation
import Testing
import Workspaces

/// Mails that quiet hours and caps keep back, on the virtual clock.
struct HoldingTests {
    private static let files: [String: String] = [
        "workspace.yaml": """
        workspace: shop
        time_zone: Europe/Amsterdam
        sender: {name: "Shop", address: hello@shop.example}
        address: "Kade 1, 1000 AA Amsterdam"
        topics: [{topic: news, wording: "Yes, news"}, {topic: tips, wording: "Yes, tips"}]
        quiet_hours: {from: "21:00", until: "08:00"}
        frequency_caps: [{at_most: 1, within: 12h}, {at_most: 2, within: 7d, topics: [news]}]
        """,
        "journeys/first.yaml": """
        journey: first
        enter: {event: A, again: never}
        goal: {when: 'run.did("Bought")', within: 30d}
        steps: [{email: hello}, {wait: 1d}, {email: story, on_cap: hold}]
        """,
        "journeys/second.yaml": """
        journey: second
        priority: 50
        enter: {event: A, again: never}
        steps: [{email: tip, on_cap: hold}, {email: bill}]
        """,
        "journeys/third.yaml": """
        journey: third
        enter: {event: B, again: never}
        steps: [{email: more, step: ahead, on_held: continue, on_cap: hold}, {email: bill, step: two}, {email: more, on_cap: exit}, {email: bill, step: never}]
        """,
    ].merging(
        ["hello", "story", "tip", "more", "bill"].flatMap { name in
            let ground = name == "bill" ? "class: transactional" : "topic: \(name == "tip" ? "tips" : "news")"
            return [
                ("emails/\(name)/email.yaml", "subject: \(name)\n\(ground)"),
                ("emails/\(name)/body.txt.mustache", "{{workspace.address}} {{links.unsubscribe}}"),
            ]
        }
    ) { $1 }

    private func result(_ text: String) throws -> TestResult {
        let loaded = Workspace.load(files: Self.files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let head = """
            test: someone
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, consents: [news, tips]}

            """
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": head + text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: test.journey.map { [$0] })).run()
    }

    @Test func whatIsDueAtNightGoesInTheMorningOfTheContactsOwnDay() throws {
        let result = try result(
            """
            journey: first
            events: [{at: 0d, identify: {timezone: Asia/Tokyo}}, {at: 7h, track: A}]
            until: 3d
            expect:
              - {at: 7h, held: hello}
              - {at: 2026-03-03T00:00, email: hello}
              - {at: 2026-03-04T00:00, email: story}
            """)
        // 17:00 in Amsterdam is 01:00 in Tokyo, and 00:00 is 08:00.
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func theJourneyWithTheHigherPriorityTakesWhatACapLeaves() throws {
        let result = try result(
            """
            events: [{at: 0d, track: A}]
            until: 6d
            expect:
              - {at: 0d, email: tip}
              - {at: 0d, email: bill}
              - {at: 0d, skipped: hello}
              - {at: 1d, email: story}
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        #expect(Shop.told(result).contains("0d not sent: hello, a frequency cap is reached"))
    }

    @Test func aRunThatDoesNotWaitGoesOnAndOneMayEndByACap() throws {
        let result = try result(
            """
            events: [{at: 11h, track: B}]
            until: 3d
            expect:
              - {at: 11h, held: ahead}
              - {at: 11h, email: two}
              - {at: 11h, held: more}
              - {at: 22h, email: ahead}
              - {at: 22h, skipped: more}
              - {at: 22h, ends: exit}
            never: [{email: never}]
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func aHeldMailDoesNotGoOnceItsRunHasReachedItsGoal() throws {
        let result = try result(
            """
            journey: first
            events: [{at: 12h, track: A}, {at: 13h, track: Bought}]
            until: 3d
            expect: [{at: 12h, held: hello}, {at: 13h, ends: goal}, {at: 22h, skipped: hello}]
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        #expect(Shop.told(result).contains("22h not sent: hello, its run has ended"))
    }
}
