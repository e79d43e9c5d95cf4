import JourneyProgram
import SendGate
import Testing
import Workspaces

/// Streams and the steps that send from them, as files have them.
@Suite struct StreamReadingTests {
    private static let step = "- stream: tips\n    on_cap: hold\n    exhausted: [{email: thanks, step: over}]"

    private static func files(_ stream: String, _ step: String = step) -> [String: String] {
        var files = Shop.files
        files["streams/tips.yaml"] = stream
        files["journeys/tips.yaml"] = "journey: tips\nenter: {event: Tips Asked}\nsteps:\n  \(step)"
        for name in ["tip-1", "tip-2"] {
            files["emails/\(name)/email.yaml"] = "subject: A tip\ntopic: offers"
            files["emails/\(name)/body.txt.mustache"] = "A tip. {{workspace.address}} {{links.unsubscribe}}"
        }
        return files
    }

    @Test func aStreamIsReadWithTheStepThatSendsFromIt() throws {
        let loaded = Workspace.load(files: Self.files("stream: tips\nemails: [tip-1, tip-2]"))
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        #expect(workspace.streams.map(\.stream) == [Step.Stream(name: "tips", templates: ["tip-1", "tip-2"])])
        let journey = try #require(workspace.journey(named: "tips")).journey
        #expect(journey.streamSteps.map(\.step) == ["tips"])
        #expect(journey.restraint(ofStep: "tips")?.onCap == .hold)
        #expect(journey.emailSteps.map(\.step) == ["over"])
        #expect(loaded.findings.map(\.description).filter { $0.contains("tip") } == [])
    }

    @Test(arguments: [
        ("stream: tips\nemails: [tip-1, tip-3]", "2:17", "did you mean"),
        ("stream: tips\nemails: [tip-1, tip-2, tip-1]", "2:24", "stands twice in this stream"),
        ("stream: tips\nemails: []", "2:9", "must be a list of e-mails"),
        ("stream: tips\nemails: tip-1", "2:9", "must be a list of e-mails"),
        ("stream: tips", "1:1", "has no \"emails\""),
        ("emails: [tip-1]", "1:1", "has no \"stream\""),
        ("stream: tips\nemail: [tip-1]", "2:1", "did you mean \"emails\"?"),
    ])
    func faultsAreFoundAtTheirPlaces(stream: String, place: String, message: String) {
        let found = Workspace.load(files: Self.files(stream)).findings.map(\.description)
        #expect(found.contains { $0.hasPrefix("streams/tips.yaml:\(place)  ") && $0.contains(message) }, "\(found)")
    }

    @Test(arguments: [
        ("- stream: tps", "4:13", "did you mean \"tips\"?"),
        ("- {stream: tips, once: true}", "4:20", "unknown key \"once\""),
        ("- {stream: tips, exhausted: later}", "4:31", "must be a list of steps"),
        ("- exhausted: []", "4:5", "it is a key of the step with stream"),
    ])
    func faultsOfTheStepToo(step: String, place: String, message: String) {
        let files = Self.files("stream: tips\nemails: [tip-1, tip-2]", step)
        let found = Workspace.load(files: files).findings.map(\.description)
        #expect(found.contains { $0.hasPrefix("journeys/tips.yaml:\(place)  ") && $0.contains(message) }, "\(found)")
    }

    @Test func whatNobodySendsAndWhatStandsTwiceIsTold() {
        var files = Self.files("stream: tips\nemails: [tip-1, tip-2]", "- email: tip-1")
        files["streams/again.yaml"] = "stream: tips\nemails: [tip-1]"
        let found = Workspace.load(files: files).findings.map(\.description)
        #expect(found.contains { $0.contains("no journey sends from the stream \"tips\"") }, "\(found)")
        #expect(found.contains { $0.contains("the stream \"tips\" stands in streams/again.yaml as well") }, "\(found)")
    }

    @Test func anotherEmailInTheStreamIsAnotherVersionOfItsJourneys() throws {
        let before = try #require(Workspace.load(files: Self.files("stream: tips\nemails: [tip-1, tip-2]")).workspace)
        let after = try #require(Workspace.load(files: Self.files("stream: tips\nemails: [tip-2, tip-1]")).workspace)
        let changed = zip(before.journeys, after.journeys).filter { $0.digest != $1.digest }.map(\.0.journey.name)
        #expect(changed == ["tips"])
        let difference = WorkspaceDifference(
            from: Self.files("stream: tips\nemails: [tip-1]"), to: Self.files("stream: tips\nemails: [tip-1, tip-2]"))
        #expect(difference.changes.map { "\($0.kind) \($0.name)" } == ["stream tips"])
    }
}
