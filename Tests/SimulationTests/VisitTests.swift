import Model
import Simulation
import Testing
import Workspaces

/// What sites show, on the virtual clock: laid out at once where the gate lets it through; the run goes on.
struct VisitTests {
    private static let loaded = Workspace.load(
        files: Shop.files.merging(
            [
                "workspace.yaml": Shop.files["workspace.yaml"]! + """

                    quiet_hours: {from: "08:00", until: "20:00"}
                    hold_out: {share: 10%}
                    frequency_caps: [{at_most: 1, within: 30d}]
                    """,
                "journeys/visit.yaml": """
                journey: visit
                enter: {event: Tried}
                steps:
                  - {site_message: plans, text: Our plans, topic: offers, link: {text: See, url: /plans}}
                  - if: 'answers["plans"].outcome == "skipped"'
                    then: [end]
                  - wait_for: {event: Site Message Clicked, at_most: 2d}
                    then: [end]
                    else: [{site_message: plans, step: once-more, text: Our plans still, topic: offers}]
                """,
            ]) { $1 })

    private func faults(_ rest: String, consents: String = "[offers]") throws -> [String] {
        let text = """
            test: a visitor
            start: 2026-03-02T10:00
            journey: visit
            contact: {email: anne@example.com, consents: \(consents)}
            \(rest)
            """
        let workspace = try #require(Self.loaded.workspace, "\(Self.loaded.findings)")
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: ["visit"])).run().faults.map { fault in
            switch fault {
            case .missing(let expectation): "missing \(expectation.words(since: .distantPast))"
            case .unexpected(let line, _): "unexpected \(line.words(since: line.at))"
            case .forbidden(let line, _, _): "forbidden \(line.words(since: line.at))"
            case .failed(let reason): reason
            }
        }
    }

    @Test func itIsLaidOutAtOnceInQuietHoursAndOverCaps() throws {
        let tried = "events: [{at: 0d, track: Tried}]\n"
        #expect(
            try faults(tried + "expect: [{at: 0d, site_message: plans}, {at: 2d, site_message: once-more}]") == [])
        #expect(
            try faults(tried + "expect: [{at: 0d, site_message: plans}]") == [
                "unexpected site message plans as once-more"
            ])
    }

    @Test func whoIsHeldOutIsShownNothing() throws {
        let rest = "events: [{at: 0d, track: Tried}]\nexpect: [{at: 0d, skipped: plans}, {at: 0d, ends: completed}]"
        #expect(try faults(rest, consents: "[offers], hold_out: true") == [])
    }

    @Test func whatTheVisitorDoesDecides() throws {
        let events = "events: [{at: 0d, track: Tried}, {at: 1d, track: Site Message Clicked}]\n"
        #expect(try faults(events + "expect: [{site_message: plans}, {at: 1d, ends: completed}]") == [])
    }

    @Test func withoutConsentNothingIsShown() throws {
        let tried = "events: [{at: 0d, track: Tried}]\n"
        #expect(
            try faults(tried + "expect: [{at: 0d, skipped: plans}, {at: 0d, ends: completed}]", consents: "[]") == [])
        #expect(try faults(tried + "expect: []\nnever: [{site_message: plans}]", consents: "[]") == [])
    }
}
