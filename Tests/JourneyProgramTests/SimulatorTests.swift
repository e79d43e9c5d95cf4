import Expressions
import JourneyProgram
import Model
import Simulation
import Testing
import Workspaces

/// Random journeys in random histories: what `loods test` plays is what the naive interpreter says.
struct SimulatorTests {
    private static let workspace = Workspace.load(files: [
        "workspace.yaml": """
        workspace: test
        time_zone: Asia/Tokyo
        sender: {name: Test, address: test@shop.example}
        address: A street
        """,
        "journeys/any.yaml": "journey: any\nenter: {event: Any}\nsteps: [{email: t}]",
        "emails/t/email.yaml": "subject: T\nclass: transactional",
        "emails/t/body.txt.mustache": "T.",
    ]).workspace!

    /// The lines of a story that the naive interpreter tells as well.
    private func told(_ story: [Happening], since start: Timestamp) -> [String] {
        story.compactMap { line in
            switch line.what {
            case .sent(let step, let visit, let template):
                "\(line.at - start) \(template) as \(step)" + (visit > 1 ? "#\(visit)" : "")
            case .told(let step, let visit, let whom):
                "\(line.at - start) \(whom) as \(step)" + (visit > 1 ? "#\(visit)" : "")
            case .ended(.goal, _): "\(line.at - start) ends converted"
            case .ended(.exit, _): "\(line.at - start) ends exited"
            case .ended(.completed, _): "\(line.at - start) ends finished"
            case .failed(let reason): reason
            default: nil
            }
        }
    }

    @Test(arguments: 0..<250) func theNaiveInterpreterAgrees(seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 90_000)
        let script = try dice.script()
        let journey = try journey(script.steps, goal: script.goal, within: script.within, exit: script.exit)
        let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!
        var instants: Set<Timestamp> = []
        let events = dice.history(from: start).filter { instants.insert($0.at).inserted }
        var naive = NaiveInterpreter(script, events, delivery: .zero)
        var contact = PlayedContact(
            name: "anne", attributes: ["email": .string("anne@shop.example"), "ends": .string("2026-03-12")])
        contact.id = anne
        var play = ContactPlay(contact, in: Simulator(Self.workspace, playing: [journey]), at: start)
        let sorted = events.sorted { $0.position < $1.position }.map { PlayedEvent($0) }
        play.run(sorted, until: start + .days(1000))
        // Of what steps change the story tells otherwise.
        let expected = naive.play().filter { $0.contains("t as ") || $0.contains(" ends ") }
        #expect(told(play.story, since: start) == expected, "seed \(seed)")
    }
}
