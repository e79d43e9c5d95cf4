import JourneyProgram
import Testing
import Workspaces

/// E-mails that servers may ask for.
@Suite struct RequestedEmailTests {
    private func load(_ email: String) -> (workspace: Workspace?, findings: [String]) {
        let files = [
            "workspace.yaml": """
            workspace: shop
            time_zone: UTC
            sender: {name: Shop, address: hello@shop.example}
            address: Street 1
            topics: [{topic: offers, wording: "Yes"}]
            """,
            "emails/receipt/email.yaml": email,
            "emails/receipt/body.txt.mustache": "Thanks. {{links.unsubscribe}} {{workspace.address}}\n",
        ]
        let result = Workspace.load(files: files)
        return (result.workspace, result.findings.map(\.message))
    }

    @Test func eachHasAJourneyOfOneStep() throws {
        let (workspace, findings) = load("{subject: Hi, class: transactional, on_request: true}")
        #expect(findings == [])
        let journey = try #require(workspace?.journey(named: "request:receipt"))
        #expect(journey.journey.emailSteps.map(\.template) == ["receipt"])
        #expect(journey.file == "emails/receipt/email.yaml")
        #expect(workspace?.interestingEvents.contains("Message Requested") == true)
    }

    @Test func othersHaveNone() {
        let (workspace, findings) = load("{subject: Hi, class: transactional, on_request: false}")
        #expect(workspace?.journeys.isEmpty == true)
        #expect(findings == ["no journey sends \"receipt\""])
    }

    @Test func whatNeedsConsentIsNotAskedFor() {
        let (_, findings) = load("{subject: Hi, topic: offers, on_request: true}")
        #expect(findings.contains("only an e-mail of \"class: transactional\" may be asked for"))
    }
}
