import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Model
import Testing

@testable import Ingestion

/// Who follows links and loads pixels: what only people do is worth points.
@Suite struct VisitTests {
    private static let browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    private static let origin = LinkOrigin(
        contact: ContactKey(workspace: WorkspaceID(rawValue: 7), contact: .derived("test", "c")),
        message: .derived("test", "m"))

    @Test(arguments: [
        (browser, Visit.human),
        ("Mozilla/5.0", .prefetch),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", .prefetch),
        ("YahooMailProxy; https://help.yahoo.com/", .prefetch),
        ("curl/8.5.0", .scanner), ("", .scanner), ("Barracuda Link Scanner", .scanner),
        ("Outlook-iOS/2.0", .unknown),
    ])
    func aUserAgentTellsWhoItIs(agent: String, kind: Visit) async throws {
        let edge = TestEdge()
        let token = try edge.signer.sign(.open(Self.origin))
        try await edge.run { client in
            try await client.execute(uri: "/o/\(token)", method: .get, headers: [.userAgent: agent]) { _ in }
        }
        #expect(try JSON(parsing: #require(edge.sink.events.first).properties)["kind"]?.string == kind.rawValue)
    }

    @Test func aBrowserThatPrefetchesIsNobodyYet() async throws {
        let edge = TestEdge()
        let token = try edge.signer.sign(.click(Self.origin, destination: "https://shop.example/"))
        let headers: HTTPFields = [.userAgent: Self.browser, HTTPField.Name("Sec-Purpose")!: "prefetch;prerender"]
        try await edge.run { client in
            try await client.execute(uri: "/c/\(token)", method: .get, headers: headers) {
                #expect($0.status == .found)
            }
        }
        #expect(try JSON(parsing: #require(edge.sink.events.first).properties)["kind"]?.string == "prefetch")
    }

    // MARK: Haste

    private static func click(_ number: Int) -> AcceptedEvent {
        AcceptedEvent(
            workspace: WorkspaceID(rawValue: 7), eventID: "\(number)", call: .track,
            subject: .id(origin.contact.contact),
            name: EventNames.emailClicked, sentTime: nil, at: .distantPast, receivedAt: .distantPast, trust: .system,
            properties: Array("{}".utf8))
    }

    /// What becomes of clicks: their links, and when they come, in milliseconds.
    private static func kinds(of clicks: [(link: String, at: Int)], waits: Bool = true) async throws -> [String] {
        let sink = RecordingSink()
        let groups = groups(sink) { $0.patience = .milliseconds(20) }
        try await publishing(groups) {
            let desk = ClickDesk(groups: groups, waits: waits)
            let start = ContinuousClock.now
            for (number, click) in clicks.enumerated() {
                let now = start + .milliseconds(click.at)
                await desk.giveOn(now)
                await desk.take(Self.click(number), on: click.link, of: origin.message, at: now)
            }
            await desk.giveOn(start + .seconds(3_600))
        }
        let events = sink.events.sorted { Int($0.eventID)! < Int($1.eventID)! }
        return try events.map { try JSON(parsing: $0.properties)["kind"]?.string ?? "" }
    }

    @Test func whoeverFollowsTwoLinksOfAMailWithinASecondIsNoPerson() async throws {
        #expect(try await Self.kinds(of: [("a", 0), ("b", 200), ("c", 400)]) == ["scanner", "scanner", "scanner"])
        #expect(try await Self.kinds(of: [("a", 0), ("b", 200), ("a", 5_000)]) == ["scanner", "scanner", "scanner"])
        #expect(try await Self.kinds(of: [("a", 0), ("b", 1_500)]) == ["human", "human"])
        #expect(
            try await Self.kinds(of: [("a", 0), ("a", 200), ("a", 300)]) == ["human", "human", "human"],
            "a double click")
        #expect(try await Self.kinds(of: [("a", 0), ("b", 200), ("a", 20_000)]) == ["scanner", "scanner", "human"])
    }

    @Test func whereNothingWaitsTheFirstIsTakenForAPersons() async throws {
        #expect(
            try await Self.kinds(of: [("a", 0), ("b", 200), ("c", 400)], waits: false) == [
                "human", "scanner", "scanner",
            ])
    }
}
