import Expressions
import Model
import Simulation
import Testing
import Workspaces

/// What the simulator does with a contact and a clock.
struct PlayTests {
    @Test func aTrialIsPlayedToItsEnd() throws {
        let result = try Shop.result(
            Shop.trial + """
                journey: trial
                events: [{at: 0d, track: Trial Started}]
                expect:
                  - {at: 0d, enters: trial}
                  - {at: 0d, email: pixel-why}
                  - {at: 0d, waits_until: 2d}
                  - {at: 2d, waits_until: 2026-03-05T09:00}
                  - {at: 2026-03-05T09:00, email: pixel-how}
                  - {at: 2026-03-05T09:00, waits_for: Docs Viewed}
                  - {at: 2026-03-08T09:00, takes: else}
                  - {at: 2026-03-08T09:00, email: pixel-help}
                  - {at: 14d, ends: completed}
                  - {at: 0d, stage: think}
                """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func aGoalEndsTheRunAtItsInstant() throws {
        let result = try Shop.result(
            Shop.trial + """
                events: [{at: 0d, track: Trial Started}, {at: 2d1h, track: Pixel Installed}]
                until: 5d
                expect: [{at: 0d, email: pixel-why}, {at: 2d1h, ends: goal}]
                """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
        #expect(Shop.told(result).contains("2d1h ends: goal  (run.did(\"Pixel Installed\"))"))
    }

    @Test func consentsDecideAtTheGateAndEndRuns() throws {
        let result = try Shop.result(
            Shop.trial + """
                events: [{at: 0d, track: Trial Started}, {at: 1d, unsubscribe: onboarding}, {at: 8d, page: /}]
                until: 30d
                expect: [{at: 0d, email: pixel-why}, {at: 1d, ends: exit}, {at: 0d, skipped: wake-up}]
                never: [{email: pixel-how}, {stage: do}]
                """)
        #expect(result.passed, "\(Shop.told(result))")
    }

    @Test func segmentsMoveByTimeAlone() throws {
        let result = try Shop.result(
            Shop.trial + """
                events:
                  - {at: 0d, page: /pricing}
                  - {at: 1h, page: /docs}
                  - {at: 2h, track: Trial Started}
                  - {at: 3h, consent: offers}
                  - {at: 10d, page: /docs}
                until: 20d
                never: [{persona: maker}]
                expect:
                  - {at: 1h, segment: hot}
                  - {left: hot}
                  - {at: 7d1h, segment: asleep}
                  - {at: 7d1h, email: wake-up}
                  - {at: 10d, left: asleep}
                  - {at: 17d, segment: asleep}
                  - {at: 17d, email: wake-up}
                  - {email: pixel-why}
                  - {email: pixel-how}
                  - {email: pixel-help}
                """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func personasAndAttributesFollowWhatIsSaid() throws {
        let result = try Shop.result(
            Shop.trial + """
                events:
                  - {at: 1d, identify: {role: dev}}
                  - {at: 2d, identify: {role: null, email: null}}
                  - {at: 3d, track: Trial Started}
                until: 4d
                expect:
                  - {at: 1d, persona: maker}
                  - {at: 2d, persona: visitor}
                  - {at: 3d, ends: exit, journey: trial}
                never: [{email: pixel-why}]
                """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func severalContactsArePlayedEachForItself() throws {
        let result = try Shop.result(
            """
            test: two people
            start: 2026-03-02T10:00
            contacts:
              anne: {email: anne@example.com, consents: onboarding}
              bram: {email: bram@example.com, consents: [onboarding], suppressed: complaint}
            events:
              - {at: 0d, contact: anne, track: Trial Started}
              - {at: 1h, contact: bram, track: Trial Started}
            until: 1d
            expect:
              - {at: 0d, contact: anne, email: pixel-why}
              - {at: 1h, contact: bram, skipped: pixel-why}
            never: [{email: pixel-why, contact: bram}, {email: pixel-why, after: 1h}]
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func aDateComesOnceWhereTheZoneChangesOnTheDay() throws {
        let loaded = Workspace.load(
            files: Shop.files.merging([
                "journeys/end.yaml":
                    "journey: end\nenter: {date: contact.ends, at: \"09:00\"}\nsteps: [{email: docs}]",
                "journeys/born.yaml":
                    "journey: born\nenter: {date: contact.born, yearly: true}\nsteps: [{email: docs}]",
            ]) { $1 })
        let simulator = Simulator(try #require(loaded.workspace, "\(loaded.findings)"))
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        // West of where the day began, and the clock there has yet to come to the hour.
        for (name, text, change) in [
            ("ends", "2026-03-10T12:00:00Z", "2026-03-10T10:00:00Z"), ("ends", "2026-03-10", "2026-03-10T10:00:00Z"),
            ("born", "1990-03-10T02:00:00Z", "2026-03-10T02:30:00Z"), ("born", "--03-10", "2026-03-10T03:00:00Z"),
        ] {
            let contact = PlayedContact(
                name: "anne", attributes: ["email": .string("anne@shop.example"), name: .string(text)])
            var play = ContactPlay(contact, in: simulator, at: start)
            let moved = HistoryEvent(at: Timestamp(iso8601: change)!, eventID: "e", name: EventNames.identified)
            let zone = JSON.string("America/New_York")
            play.run([PlayedEvent(moved, traits: ["timezone": zone])], until: start + .days(30))
            let sent = play.story.count { if case .sent = $0.what { true } else { false } }
            #expect(sent == 1, "\(text)")
        }
    }

    @Test func theSameCrowdComesOfTheSameSeed() {
        let simulator = Simulator(Shop.workspace)
        let start = Timestamp(iso8601: "2026-03-02T00:00:00Z")!
        func stories(_ seed: UInt64) -> [[Happening]] {
            var crowd = Crowd(Shop.workspace, seed: seed, from: start, for: .days(30))
            return (0..<50).map { _ in
                let person = crowd.next()
                var play = ContactPlay(person.contact, in: simulator, at: start)
                play.run(person.events, until: start + .days(30))
                return play.story
            }
        }
        let (first, again, other) = (stories(7), stories(7), stories(8))
        #expect(first == again)
        #expect(first != other)
        #expect(first.joined().contains { if case .sent = $0.what { true } else { false } })
        #expect(!first.joined().contains { if case .failed = $0.what { true } else { false } })
    }
}
