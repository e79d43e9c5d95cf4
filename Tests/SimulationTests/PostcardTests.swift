import Model
import Simulation
import Testing
import Workspaces

/// Postcards on the virtual clock: gated as mails are, but for quiet hours, and sent to whoever has an address.
struct PostcardTests {
    private static let loaded = Workspace.load(
        files: Shop.files.merging(
            [
                "workspace.yaml": Shop.files["workspace.yaml"]! + """

                    post: {folder: true}
                    hold_out: {share: 10%}
                    quiet_hours: {from: "08:00", until: "20:00"}
                    frequency_caps: [{at_most: 1, within: 30d}]
                    """,
                "postcards/thanks/postcard.yaml": "topic: offers\n",
                "postcards/thanks/front.html.mustache": "<p>Thanks</p>",
                "postcards/thanks/back.html.mustache": "<p>Thank you</p>",
                "journeys/cards.yaml": """
                journey: cards
                enter: {event: Tried, again: per-key, key: event.id}
                steps:
                  - postcard: thanks
                  - if: 'answers["thanks"].outcome == "sent"'
                    then: [{wait: 1d}, {set: {thanked: true}}]
                """,
                "journeys/heard.yaml": "journey: heard\nenter: {event: Postcard Sent}\nsteps: [{email: docs}]\n",
            ]) { $1 })

    private static let address = "name: Anne, street: Kade 1, postal_code: 4331 CA, city: Middelburg"

    private func faults(_ rest: String, contact: String = "\(address), consents: [offers]") throws -> [String] {
        let text = """
            test: a card
            start: 2026-03-02T10:00
            contact: {email: anne@example.com, \(contact)}
            \(rest)
            """
        let workspace = try #require(Self.loaded.workspace, "\(Self.loaded.findings)")
        let (tests, findings) = workspace.tests(in: ["tests/a.yaml": text])
        let test = try #require(tests.first, "\(findings)")
        return PreparedTest(test, in: Simulator(workspace, journeys: ["cards", "heard"])).run().faults.map {
            fault in
            switch fault {
            case .missing(let expectation): "missing \(expectation.words(since: .distantPast))"
            case .unexpected(let line, _): "unexpected \(line.words(since: line.at))"
            case .forbidden(let line, _, _): "forbidden \(line.words(since: line.at))"
            case .failed(let reason): reason
            }
        }
    }

    @Test func itIsSentAtWhateverHourAndHeardOf() throws {
        let tried = "events: [{at: 0d, track: Tried}]\n"
        #expect(
            try faults(tried + "expect: [{at: 0d, postcard: thanks}, {at: 0d, email: docs}, {at: 1d, ends: completed}]")
                == [])
        #expect(try faults(tried + "expect: [{email: docs}]") == ["unexpected postcard thanks"])
    }

    @Test(arguments: [
        "consents: [offers]", "\(address)", "street: Kade 1, city: Middelburg, consents: [offers]",
        "\(address), consents: [offers], hold_out: true",
    ])
    func withoutAddressOrConsentItIsNot(contact: String) throws {
        let rest = "events: [{at: 0d, track: Tried}]\nexpect: [{at: 0d, skipped: thanks}, {at: 0d, ends: completed}]"
        #expect(try faults(rest, contact: contact) == [])
    }

    @Test func aCapThatIsFullKeepsItBack() throws {
        let events = "events: [{at: 0d, track: Tried}, {at: 2d, track: Tried}]\n"
        #expect(
            try faults(events + "expect: [{at: 0d, postcard: thanks}, {email: docs}, {at: 2d, skipped: thanks}]") == [])
    }
}
