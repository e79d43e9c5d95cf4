import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// What workspaces say of marketing as a whole, through the whole cluster and in what operators are told of it.
@Suite struct GuardClusterTests {
    private static let start = Timestamp(iso8601: "2026-03-02T08:00:00Z")!

    private static var workspace: [String: String] {
        var files = Laboratory.Shop.files
        files["workspace.yaml"]! += "\nhold_out: {share: 50%}\nfrequency_caps: [{at_most: 1, within: 7d}]"
        files["journeys/spring.yaml"] = """
            journey: spring
            enter: {event: Spring Came, again: never}
            goal: {when: 'run.did("Order Completed")', within: 5d}
            steps: [{email: spring}, {wait: 1d}, {email: spring-again}]
            """
        for name in ["spring", "spring-again"] {
            files["emails/\(name)/email.yaml"] = "subject: Spring\ntopic: offers\n"
            files["emails/\(name)/body.txt.mustache"] = "Spring. No more of these: {{links.unsubscribe}}\n"
        }
        return files
    }

    private static func track(_ event: String, _ number: Int, _ more: [String: Any] = [:]) -> [String: Any] {
        [
            "type": "track", "event": event, "userId": "user-\(number)", "messageId": "\(event)-\(number)",
            "properties": more,
        ]
    }

    /// Of whom was held out and of the others as many reach the goal here: every second one.
    @Test(.timeLimit(.minutes(10)))
    func theHoldOutGetsNoMarketingAndIsCompared() async throws {
        let services = ["ingest", "scoring", "scheduler", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.workspace) {
            cluster in
            let numbers = 0..<24
            try await cluster.post(
                numbers.flatMap { number -> [[String: Any]] in
                    let address = Shop.address(number)
                    let consent = ["topic": "offers", "wording": "Yes", "address": address]
                    return [
                        [
                            "type": "identify", "userId": "user-\(number)", "messageId": "id-\(number)",
                            "traits": ["email": address],
                        ], Self.track("Consent Given", number, consent), Self.track("Spring Came", number),
                    ]
                })
            _ = try await cluster.loods("clock", "advance", "2d")
            let heldOut = Set(
                try await cluster.texts(
                    """
                    select c.attributes ->> 'email' from runs r join contacts c using (workspace_id, contact_id)
                    where r.held_out
                    """))
            #expect(!heldOut.isEmpty && heldOut.count < numbers.count)
            let mailed = try cluster.mail.mails().map(\.to)
            #expect(mailed.sorted() == numbers.map { Shop.address($0) }.filter { !heldOut.contains($0) }.sorted())

            let buyers = numbers.filter { $0 % 2 == 0 }
            try await cluster.post(buyers.map { Self.track("Order Completed", $0, ["order_id": "o-\($0)"]) })
            _ = try await cluster.loods("clock", "advance", "4d")
            let json = Data(try await cluster.loods("funnel", "--json").utf8)
            let funnel = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            let journeys = try #require(funnel["journeys"] as? [[String: Any]])
            let spring = try #require(journeys.first { $0["journey"] as? String == "spring" })
            let lift = try #require(spring["hold_out"] as? [String: Any])
            func group(_ name: String) -> [Int?] {
                let group = lift[name] as? [String: Any]
                return [group?["entered"] as? Int, group?["converted"] as? Int]
            }
            let bought = Set(buyers.map { Shop.address($0) })
            #expect(group("held_out") == [heldOut.count, heldOut.intersection(bought).count])
            #expect(
                group("others") == [numbers.count - heldOut.count, bought.subtracting(heldOut).count])
            let text = try await cluster.loods("funnel")
            #expect(text.contains("hold-out: \(heldOut.intersection(bought).count) of \(heldOut.count) converted"))

            let held = try #require(heldOut.first)
            let story = try await cluster.loods("explain", held)
            #expect(story.contains("hold-out    gets no marketing"), "\(story)")
            #expect(story.contains("spring/spring not sent: the contact is in the hold-out"), "\(story)")
            let other = try #require(mailed.first)
            let capped = try await cluster.loods("explain", other)
            let why = "spring/spring-again not sent: cap of 1 marketing mail in 7d: 1 was had (Mon 2 March 2026 09:00"
            #expect(capped.contains(why) && capped.contains("spring/spring)"), "\(capped)")
        }
    }
}
