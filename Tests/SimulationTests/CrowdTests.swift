import Expressions
import Model
import Simulation
import Testing
import Workspaces

/// A crowd finds its way into whatever a workspace asks for.
struct CrowdTests {
    private static let start = Timestamp(iso8601: "2026-03-02T00:00:00Z")!

    private static func shop(_ files: [String: String]) throws -> Workspace {
        let loaded = Workspace.load(files: Shop.files.merging(files) { $1 })
        return try #require(loaded.workspace, "\(loaded.findings)")
    }

    /// What a crowd comes to in a month, and what of it is reached.
    private static func play(
        _ workspace: Workspace, _ count: Int
    ) -> (people: [TestedContact], coverage: Coverage, stories: [[Happening]]) {
        let simulator = Simulator(workspace)
        var crowd = Crowd(workspace, seed: 3, from: start, for: .days(30))
        var coverage = Coverage(workspace)
        let people = (0..<count).map { _ in crowd.next() }
        let stories = people.map { person in
            var play = ContactPlay(person.contact, in: simulator, at: start)
            play.run(person.events, until: start + .days(40))
            coverage.add(play.story)
            return play.story
        }
        return (people, coverage, stories)
    }

    @Test func theLargestNumberHasOneNeighbour() throws {
        let most = Int64.max
        let workspace = try Self.shop(["segments/full.yaml": "segment: full\nwhen: contact.seats == \(most)"])
        let seats = Set(Self.play(workspace, 40).people.compactMap { $0.contact.attributes["seats"] })
        #expect(seats == [.int(most), .int(most - 1)])
    }

    @Test func everyWayOfAJourneyIsTaken() throws {
        let steps = """
            journey: ways
            enter: {event: Trial Started, again: never}
            steps:
              - {if: 'contact.plan == "pro"', then: [{set: {a: 1}}], elif: [{if: 'contact.seats > 7', then: [{set: {b: 1}}]}]}
              - {switch: contact.role, cases: {dev: [{set: {c: 1}}], boss: [{set: {d: 1}}]}, else: [{set: {e: 1}}]}
              - {switch: contact.size, cases: {3: [{set: {f: 1}}], true: [{set: {g: 1}}]}}
              - {wait_for: {event: Docs Viewed, when: 'event.properties.path == "/start"', at_most: 20d}, then: [{set: {h: 1}}]}
              - {repeat: {times: 3, until: 'contact.mood == "gone"'}, steps: [{wait: 1h}]}
            """
        let workspace = try Self.shop(["journeys/ways.yaml": steps])
        let missed = Self.play(workspace, 600).coverage.missed.filter { $0.journey == "ways" }
        #expect(missed.isEmpty, "\(missed)")
    }

    @Test func datesComeWhileTheCrowdIsPlayed() throws {
        let workspace = try Self.shop([
            "journeys/birthday.yaml":
                "journey: birthday\nenter: {date: contact.birthday, at: \"08:30\", yearly: true}\nsteps: [{email: docs}]",
            "journeys/renewal.yaml":
                "journey: renewal\nenter: {event: Trial Started}\nsteps: [{wait: {until: contact.company.renewal, offset: -2d}}, {email: docs}]",
        ])
        let (people, coverage, stories) = Self.play(workspace, 200)
        let began = stories.count { $0.contains { $0.what == .started && $0.journey == "birthday" } }
        #expect(began > 100 && began < 190, "\(began)")
        let waits = stories.joined().count {
            if case .waits = $0.what { $0.journey == "renewal" } else { false }
        }
        #expect(waits > 20, "\(waits)")
        #expect(people.contains { $0.contact.attributes["company"]?["renewal"]?.string?.utf8.count == 10 })
        #expect(people.contains { $0.contact.attributes["birthday"] == nil })
        #expect(!coverage.missed.contains { $0.journey == "birthday" })
    }
}
