import Expressions
import Model
import Simulation
import Testing
import Workspaces

/// What comes of mails and of steps is heard: each once, and not for ever.
struct OutcomeTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static func play(_ files: [String: String], _ events: [(hours: Int64, name: String, order: String)]) throws
        -> [Happening]
    {
        let loaded = Workspace.load(files: Shop.files.merging(files) { $1 })
        let contact = PlayedContact(name: "anne", attributes: ["email": .string("anne@shop.example")])
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        var play = ContactPlay(contact, in: Simulator(workspace), at: start)
        let played = events.enumerated().map { number, event in
            PlayedEvent(
                HistoryEvent(
                    at: start + .hours(event.hours), eventID: "e\(number)", name: event.name,
                    properties: .object(["order": .string(event.order)])))
        }
        play.run(played, until: start + .days(30))
        return play.story
    }

    @Test func whatStartsItselfAgainIsStopped() throws {
        let story = try Self.play(
            [
                "journeys/loop.yaml": """
                journey: loop
                enter: {event: Identified, again: per-key, key: event.id}
                steps: [{set: {x: 1}}]
                """
            ], [(1, "Identified", "")])
        #expect(story.last?.what == .failed("the play does not come to rest"))
        #expect(story.last?.at == Self.start + .hours(1))
    }

    @Test func mailsOfTwoRunsAtOneInstantAreTwo() throws {
        let story = try Self.play(
            [
                "journeys/order.yaml": """
                journey: order
                enter: {event: Ordered, again: per-key, key: event.properties.order}
                steps: [{wait: {until: "09:00"}}, {email: docs}]
                """,
                "segments/twice.yaml": "segment: twice\nwhen: count(\"Email Sent\") == 2",
            ], [(3, "Ordered", "a"), (4, "Ordered", "b")])
        #expect(story.count { if case .sent = $0.what { true } else { false } } == 2)
        #expect(story.contains { $0.what == .entered(segment: "twice") })
    }

    @Test func whyAMailWasNotSentIsHeard() throws {
        let story = try Self.play(
            [
                "journeys/sorry.yaml": """
                journey: sorry
                enter: {event: Email Skipped, when: 'event.properties.detail.startsWith("no consent")'}
                steps: [{email: docs}]
                """
            ], [(1, "Trial Started", "")])
        #expect(story.contains { $0.journey == "sorry" && $0.what == .started })
    }
}
