import Simulation
import Testing
import Workspaces

/// Journeys that servers ask for are played as requests of theirs.
struct RequestTests {
    private static func faults(_ entry: String, _ test: String) throws -> [String] {
        var files = Shop.files
        files["journeys/invited.yaml"] = "journey: invited\nenter: \(entry)\nsteps: [{wait: 1h}, {email: docs}]"
        let workspace = try #require(Workspace.load(files: files).workspace)
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": Shop.trial + "journey: invited\n" + test])
        guard let test = tests.first, findings.isEmpty else { return findings.map(\.description) }
        return PreparedTest(test, in: Simulator(workspace, journeys: ["invited"])).run().faults.map { "\($0)" }
    }

    @Test func eachRequestIsARunUnlessItSaysOtherwise() throws {
        let twice = "events: [{at: 0d, request: invited}, {at: 2d, request: invited}]\n"
        let mails = "{at: 1h, email: docs}, {at: 2d1h, email: docs}"
        #expect(try Self.faults("{api: true}", twice + "expect: [\(mails)]") == [])
        #expect(try Self.faults("{api: true, again: never}", twice + "expect: [{at: 1h, email: docs}]") == [])
        let pro = "{api: true, when: 'event.properties.plan == \"pro\"'}"
        let asked = "events: [{at: 0d, request: invited, properties: {plan: free}}]\nnever: [{email: docs}]"
        #expect(try Self.faults(pro, asked) == [])
    }

    @Test func noOtherJourneyMayBeAskedFor() throws {
        let found = try Self.faults("{api: true}", "events: [{at: 0d, request: trial}]\nexpect: []")
        #expect(found.count == 1 && found[0].contains("journeys are invited"), "\(found)")
    }
}
