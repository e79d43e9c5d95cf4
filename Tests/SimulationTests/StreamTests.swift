import Model
import Simulation
import Testing
import Workspaces

/// Streams on the virtual clock.
struct StreamTests {
    private static var files: [String: String] {
        var files = Shop.files
        files["streams/tips.yaml"] = "stream: tips\nemails: [pixel-why, pixel-how]"
        files["journeys/weekly.yaml"] = """
            journey: weekly
            enter: {event: Tip Asked, key: event.id, again: per-key}
            steps: [{stream: tips, exhausted: [{email: docs}]}]
            """
        return files
    }

    private func result(_ text: String) throws -> TestResult {
        let loaded = Workspace.load(files: Self.files)
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: test.journey.map { [$0] })).run()
    }

    @Test func eachIsHadOnceWhicheverJourneySentIt() throws {
        let result = try result(
            """
            test: tips
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, consents: [onboarding]}
            events: [{at: 0d, track: Trial Started}, {at: 1h, track: Tip Asked}, {at: 2h, track: Tip Asked}]
            until: 5h
            expect:
              - {at: 0d, email: pixel-why, journey: trial}
              - {at: 1h, email: pixel-how, journey: weekly}
              - {at: 2h, takes: exhausted}
              - {at: 2h, email: docs}
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }

    @Test func whatTheGateKeepsBackWasNotHad() throws {
        let result = try result(
            """
            test: tips
            journey: weekly
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, received: [pixel-how]}
            events: [{at: 0d, track: Tip Asked}, {at: 1h, consent: onboarding}, {at: 2h, track: Tip Asked}, {at: 3h, track: Tip Asked}]
            expect:
              - {at: 0d, skipped: pixel-why}
              - {at: 2h, email: pixel-why}
              - {at: 3h, email: docs}
            """)
        #expect(result.passed, "\(result.faults) \(Shop.told(result))")
    }
}
