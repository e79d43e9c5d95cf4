import Model
import Simulation
import Testing
import Workspaces

/// What others than the contact are told stands in the story, and tests ask for it as for mails.
struct CallTests {
    private static let files = Shop.files.merging(
        [
            "journeys/alert.yaml": """
            journey: alert
            enter: {event: Asset Downloaded}
            steps:
              - {webhook: crm, data: {what: download}}
              - {if: 'answers["webhook-crm"].outcome == "refused"', then: [end]}
              - {if: 'answers["webhook-crm"].body.vip', then: [{notify: sales, text: "A VIP"}]}
              - wait: 1d
              - {notify: sales, step: call-them, text: "{{contact.email}} has not called"}
            """
        ], uniquingKeysWith: { $1 }
    ).merging(
        [
            "workspace.yaml": Shop.files["workspace.yaml"]! + """

                webhooks: [{webhook: crm, url: "https://crm.example/"}]
                notify: [{notify: sales, email: sales@shop.example}]
                """
        ], uniquingKeysWith: { $1 })

    private func faults(_ expectations: String) throws -> [String] {
        let workspace = try #require(Workspace.load(files: Self.files).workspace)
        let text = Shop.trial + "journey: alert\nevents: [{at: 0d, track: Asset Downloaded}]\n" + expectations
        let (tests, findings) = workspace.tests(in: ["tests/alert.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: ["alert"])).run().faults.map { fault in
            switch fault {
            case .missing(let expectation): "missing \(expectation.words(since: .distantPast))"
            case .unexpected(let line, _): "unexpected \(line.words(since: line.at))"
            case .forbidden(let line, _, _): "forbidden \(line.words(since: line.at))"
            case .failed(let reason): reason
            }
        }
    }

    @Test func whatSystemsAnswerDecides() throws {
        let vip = "answers: {crm: {body: {vip: true}}}\n"
        #expect(
            try faults(vip + "expect: [{webhook: crm}, {at: 0d, notify: sales}, {at: 1d, notify: call-them}]") == [])
        #expect(
            try faults("answers: {crm: {body: {vip: false}}}\nexpect: [{webhook: crm}, {at: 1d, notify: sales}]") == [])
        #expect(try faults("answers: {crm: {status: 404}}\nexpect: [{webhook: crm}]") == [])
    }

    @Test func whatComesOfCallsIsHeard() throws {
        let second = "journey: second\nenter: {event: Webhook Failed}\nsteps: [{notify: sales, text: x}]\n"
        var files = Self.files
        files["journeys/second.yaml"] = second
        let workspace = try #require(Workspace.load(files: files).workspace)
        let text =
            Shop.trial + """
                answers: {crm: {status: 404}}
                events: [{at: 0d, track: Asset Downloaded}]
                expect: [{webhook: crm}, {enters: second}, {notify: sales}]
                """
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        let result = PreparedTest(test, in: Simulator(workspace)).run()
        #expect(result.passed, "\(result.faults)")
    }

    @Test func testsAskForThem() throws {
        #expect(try faults("expect: [{at: 0d, webhook: crm}, {at: 1d, notify: sales}]") == [])
        #expect(try faults("expect: [{webhook: webhook-crm}, {notify: call-them}]") == [])
        #expect(
            try faults("expect: [{webhook: crm}, {at: 2d, notify: sales}]") == [
                "missing notify sales", "unexpected notify sales as call-them",
            ])
        #expect(try faults("never: [{webhook: crm}]") == ["forbidden webhook crm"])
    }
}
