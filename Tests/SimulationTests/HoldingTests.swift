import Expressions
import Model
import SendGate
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
        hold_out: {share: 10%, topics: [news]}
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

    private func result(_ text: String, _ contact: String = "") throws -> TestResult {
        let loaded = Workspace.load(files: Self.files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let head = """
            test: someone
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, consents: [news, tips]\(contact)}

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

    @Test func aMailWhoseTimeIsOverByTheMorningIsNotSent() throws {
        let settings = "quiet_hours: {from: \"21:00\", until: \"08:00\"}\nlifetimes: {marketing: 2h}"
        let told = try OneTopicShop(settings: settings).told(
            "{at: 9h, track: A}, {at: 12h, track: A}, {at: 21h, track: A}, {at: 30h, track: A}",
            contact: ", consents: [news]")
        #expect(told.contains { $0.hasPrefix("14h not sent: hello, its time to be sent has passed") }, "\(told)")
        #expect(told.filter { $0.contains("e-mail hello") }.count == 3, "\(told)")
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
        let why = "0d not sent: hello, cap of 1 marketing mail in 12h: 1 was had (0d second/tip)"
        #expect(Shop.told(result).contains(why), "\(Shop.told(result))")
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

    /// The run goes on as everybody's, so that its goal can be compared.
    @Test func whoeverIsHeldOutGetsNoMarketingOfItsTopicsAndReachesTheGoalAllTheSame() throws {
        let result = try result(
            """
            events: [{at: 0d, track: A}, {at: 2d, track: Bought}]
            until: 6d
            expect:
              - {at: 0d, email: tip}
              - {at: 0d, email: bill}
              - {at: 0d, skipped: hello}
              - {at: 1d, skipped: story}
              - {at: 2d, ends: goal, journey: first}
            """, ", hold_out: true")
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        #expect(Shop.told(result).contains("1d not sent: story, the contact is in the hold-out"))
    }

    @Test func whoeverNoTestSpeaksOfFallsWhereTheHashSays() throws {
        let workspace = try #require(Workspace.load(files: Self.files).workspace)
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        let simulator = Simulator(workspace)
        var heldOut = 0
        for number in 0..<200 {
            var contact = PlayedContact(
                name: "contact-\(number)", attributes: ["email": .string("c\(number)@shop.example")],
                consents: ["news", "tips"])
            let falls = workspace.isHeldOut(contact.id)
            let event = PlayedEvent(HistoryEvent(at: start, eventID: "e", name: "A"))
            var play = ContactPlay(contact, in: simulator, at: start)
            play.run([event], until: start + .days(2))
            let isSkipped = play.story.contains {
                if case .skipped(_, _, _, .heldOut) = $0.what { true } else { false }
            }
            #expect(isSkipped == falls)
            heldOut += isSkipped ? 1 : 0
            contact.isHeldOut = false
            var other = ContactPlay(contact, in: simulator, at: start)
            other.run([event], until: start + .days(2))
            #expect(!other.story.contains { if case .skipped(_, _, _, .heldOut) = $0.what { true } else { false } })
        }
        #expect((5...40).contains(heldOut))
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
