import JourneyProgram
import Model
import SendGate
import Testing
import Workspaces

/// Tests within broadcasts, as files have them.
@Suite struct TestStepReadingTests {
    private static let schedule = "{schedule: 2099-03-02T09:00, segment: readers}"

    private static func files(_ steps: String, _ entry: String = schedule) -> [String: String] {
        var files = Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.reads == true"
        files["journeys/news.yaml"] = "journey: news\nenter: \(entry)\nsteps:\n  \(steps)"
        for name in ["news-a", "news-b"] {
            files["emails/\(name)/email.yaml"] = "subject: News\ntopic: offers"
            files["emails/\(name)/body.txt.mustache"] = "News. {{workspace.address}} {{links.unsubscribe}}"
        }
        return files
    }

    @Test(arguments: [
        ("clicks", Step.Test.Measure.clicks), ("opens", .opens), ("Order Completed", .event("Order Completed")),
    ])
    func aTestIsRead(by: String, measure: Step.Test.Measure) throws {
        let step = "- {test: news, share: 20%, variants: [news-a, news-b], by: \(by), after: 4h, on_cap: exit}"
        let loaded = Workspace.load(files: Self.files(step))
        let workspace = try #require(loaded.workspace, "\(loaded.findings)")
        let journey = try #require(workspace.journey(named: "news")).journey
        let expected = Step.Test(share: 2_000, variants: ["news-a", "news-b"], by: measure, after: .hours(4))
        #expect(journey.test?.step == "news" && journey.test?.test == expected)
        #expect(journey.restraint(ofStep: "news")?.onCap == .exit)
        #expect(loaded.findings.map(\.description).filter { $0.contains("news") } == [])
    }

    private static let rest = "variants: [news-a, news-b], by: clicks, after: 4h"

    @Test(arguments: [
        ("- {test: news, share: 60%, \(rest)}", "4:25", "from 0.01% to 50%"),
        ("- {test: news, \(rest)}", "4:5", "has no \"share\""),
        ("- {test: news, share: 20%, variants: [news-a], by: clicks, after: 4h}", "4:40", "a list of 2 to 10 e-mails"),
        ("- {test: news, share: 20%, variants: [news-a, news-a], by: clicks, after: 4h}", "4:49", "stands twice"),
        ("- {test: news, share: 20%, variants: [news-a, news-c], by: clicks, after: 4h}", "4:49", "did you mean"),
        ("- {test: news, share: 20%, variants: [news-a, news-b], after: 4h}", "4:5", "has no \"by\""),
        ("- {test: news, share: 20%, variants: [news-a, news-b], by: clicks}", "4:5", "has no \"after\""),
        ("- {wait: 1d}\n  - {test: news, share: 20%, \(rest)}", "5:5", "is not the first step"),
        ("- {if: 'stage == \"do\"', then: [{test: news, share: 20%, \(rest)}]}", "4:41", "stands in no branch"),
    ])
    func faultsAreFoundAtTheirPlaces(steps: String, place: String, message: String) {
        let found = Workspace.load(files: Self.files(steps)).findings.map(\.description)
        #expect(found.contains { $0.hasPrefix("journeys/news.yaml:\(place)  ") && $0.contains(message) }, "\(found)")
    }

    @Test func onlyBroadcastsHaveTests() {
        let step = "- {test: news, share: 20%, \(Self.rest)}"
        let found = Workspace.load(files: Self.files(step, "{event: Page Viewed}")).findings.map(\.description)
        #expect(
            found.contains { $0.hasPrefix("journeys/news.yaml:4:5  ") && $0.contains("without a schedule") }, "\(found)"
        )
    }

    @Test func aBroadcastByTheContactsOwnClocksMayHaveOne() {
        let step = "- {test: news, share: 20%, \(Self.rest)}"
        let entry = "{schedule: 2026-03-02T09:00, segment: readers, local: true}"
        #expect(Workspace.load(files: Self.files(step, entry)).workspace?.journey(named: "news") != nil)
    }

    @Test func whatIsTriedBelongsToTheVersion() throws {
        let step = "- {test: news, share: 20%, \(Self.rest)}"
        let before = try #require(Workspace.load(files: Self.files(step)).workspace)
        var files = Self.files(step)
        files["emails/news-b/body.txt.mustache"] = "Other news. {{links.unsubscribe}}"
        let after = try #require(Workspace.load(files: files).workspace)
        #expect(before.journey(named: "news")?.digest != after.journey(named: "news")?.digest)
    }
}
