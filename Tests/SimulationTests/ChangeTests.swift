import Expressions
import Model
import Simulation
import Testing
import Workspaces

/// What steps change besides their run is played too.
struct ChangeTests {
    private static let workspace = Workspace.load(
        files: Shop.files.merging([
            "journeys/first.yaml": """
            journey: first
            enter: {event: Tried}
            steps:
              - set: {plan: pro}
              - stage: think
              - start: second
              - wait: 1d
              - {if: 'contact.plan == "pro" && stage == "think"', then: [{email: docs}]}
            """,
            "journeys/second.yaml": "journey: second\nenter: {called: true}\nsteps: [{wait: 1h}, {email: wake-up}]",
        ]) { $1 }
    ).workspace!

    @Test func attributesStagesAndStartsComeAbout() throws {
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        let contact = PlayedContact(
            name: "anne", attributes: ["email": .string("anne@shop.example")], consents: ["offers"])
        var play = ContactPlay(contact, in: Simulator(Self.workspace), at: start)
        let event = HistoryEvent(at: start + .hours(1), eventID: "e", name: "Tried")
        play.run([PlayedEvent(event)], until: start + .days(3))
        let sent = play.story.compactMap { (line) -> String? in
            guard case .sent(let step, _, _) = line.what else { return nil }
            return "\(line.at - start) \(step)"
        }
        #expect(sent == ["2h wake-up", "1d1h docs"])
        #expect(play.story.contains { $0.what == .stage("think") })
    }
}
