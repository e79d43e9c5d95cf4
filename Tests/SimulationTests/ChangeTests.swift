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
              - score: {model: heat, points: 6}
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
        #expect(play.story.contains { $0.what == .entered(segment: "hot") && $0.at == start + .hours(1) })
        #expect(play.story.contains { $0.what == .left(segment: "hot") }, "they fade")
    }

    @Test func testsAskForPoints() throws {
        func faults(_ rest: String) throws -> Int {
            let (tests, findings) = Self.workspace.tests(
                in: ["tests/a.yaml": Shop.trial + "journey: first\nevents: [{at: 0d, track: Tried}]\n" + rest])
            let test = try #require(tests.first, "\(findings)")
            return PreparedTest(test, in: Simulator(Self.workspace, journeys: ["first"])).run().faults.count
        }
        let mail = "{email: docs}"
        #expect(try faults("expect: [{at: 0d, score: {model: heat, points: 6}}, {segment: hot}, \(mail)]") == 0)
        #expect(try faults("expect: [{score: heat}, \(mail)]") == 0)
        #expect(try faults("expect: [{score: {model: heat, points: 5}}, \(mail)]") == 1)
        #expect(try faults("never: [{score: heat}]") == 1)
    }

    /// Whoever sends the event by that name gives nothing.
    @Test func nobodyElseGivesPoints() throws {
        let forged = "{at: 0d, track: Points Given, properties: {model: heat, points: 99}}"
        let result = try Shop.result(Shop.trial + "events: [\(forged)]\nnever: [{segment: hot}]")
        #expect(result.passed, "\(result.faults)")
    }
}
