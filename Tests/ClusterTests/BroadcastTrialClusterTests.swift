import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// A broadcast that tries two mails on some, through the whole cluster, with the mail server as witness.
@Suite struct BroadcastTrialClusterTests {
    private static let start = Timestamp(iso8601: "2026-03-02T08:00:00Z")!
    private static let due = start + .hours(1)
    private static let readers = 0..<90

    private static var workspace: [String: String] {
        var files = Laboratory.Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.reads == true"
        files["journeys/news.yaml"] = """
            journey: news
            enter: {schedule: 2026-03-02T10:00, segment: readers, throttle: {per_minute: 600}}
            steps:
              - {test: news, share: 40%, variants: [news-a, news-b], by: News Liked, after: 4h}
            """
        for name in ["news-a", "news-b"] {
            files["emails/\(name)/email.yaml"] = "subject: News \(name)\ntopic: offers\n"
            files["emails/\(name)/body.txt.mustache"] = "News. No more of these: {{links.unsubscribe}}\n"
        }
        return files
    }

    /// Schedulers are killed while they walk and while they send the winner: each reader gets one mail, of the others each the
    /// one that was liked more.
    @Test(.timeLimit(.minutes(10)))
    func theWinnerGoesToTheOthersWhoeverIsKilled() async throws {
        let services = ["ingest", "scoring", "scheduler", "scheduler-2", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.workspace) {
            cluster in
            let events = Self.readers.flatMap { number -> [[String: Any]] in
                let address = Shop.address(number)
                return [
                    [
                        "type": "identify", "userId": "user-\(number)", "messageId": "id-\(number)",
                        "traits": ["email": address, "reads": true],
                    ],
                    [
                        "type": "track", "event": "Consent Given", "userId": "user-\(number)",
                        "messageId": "yes-\(number)",
                        "properties": ["topic": "offers", "wording": "Yes", "address": address],
                    ],
                ]
            }
            for part in stride(from: 0, to: events.count, by: 60) {
                try await cluster.post(Array(events[part..<min(part + 60, events.count)]))
            }
            let walk = try cluster.launch("clock", "until", (Self.due + .hours(2)).description)
            try await eventually("some have entered") {
                try await cluster.count("select count(*) from runs where journey = 'news'") >= 20
            }
            try await cluster.killAndRestart("scheduler")
            try await cluster.killAndRestart("scheduler-2")
            #expect(try await walk.waitForExit() == .status(0))
            let tried = Dictionary(grouping: try cluster.mail.mails(), by: { String($0.subject) }).mapValues {
                $0.map(\.to)
            }
            let (first, second) = (tried["News news-a"] ?? [], tried["News news-b"] ?? [])
            #expect(first.count > 5 && second.count > 5 && first.count + second.count < Self.readers.count)
            try await cluster.post(
                Self.readers.filter { second.contains(Shop.address($0)) }.prefix(4).map { number in
                    ["type": "track", "event": "News Liked", "userId": "user-\(number)", "messageId": "like-\(number)"]
                })
            let waiting = try #require(
                Self.readers.map { Shop.address($0) }.first { !first.contains($0) && !second.contains($0) })
            let told = try await cluster.loods("explain", waiting)
            #expect(told.contains("waits for what does best, until Mon 2 March 2026 14:00"), "\(told)")
            let rest = try cluster.launch("clock", "until", (Self.due + .hours(8)).description)
            try await eventually("it is decided") {
                try await cluster.count("select count(*) from test_results") == 1
            }
            try await cluster.killAndRestart("scheduler-2")
            try await cluster.killAndRestart("scheduler")
            #expect(try await rest.waitForExit() == .status(0))
            let mails = try cluster.mail.mails()
            #expect(mails.map(\.to).sorted() == Self.readers.map { Shop.address($0) }.sorted())
            #expect(mails.count { $0.subject == "News news-a" } == first.count)
            let funnel = try await cluster.loods("funnel")
            #expect(
                funnel.contains("news-b won (news-a 0 of \(first.count), news-b 4 of \(second.count))"), "\(funnel)")
            let other = try #require(mails.map(\.to).first { !first.contains($0) && !second.contains($0) })
            let story = try await cluster.loods("explain", other)
            #expect(
                story.contains("news-b had won (news-a 0 of \(first.count), news-b 4 of \(second.count))"), "\(story)")
        }
    }
}
