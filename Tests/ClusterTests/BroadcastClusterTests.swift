import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// A broadcast through the whole cluster, with the mail server as witness.
@Suite struct BroadcastClusterTests {
    private static let start = Timestamp(iso8601: "2026-03-02T08:00:00Z")!

    private static func workspace(_ entry: String) -> [String: String] {
        var files = Laboratory.Shop.files
        files["segments/readers.yaml"] = "segment: readers\nwhen: contact.reads == true"
        files["journeys/news.yaml"] = "journey: news\nenter: \(entry)\nsteps: [{email: news}]"
        files["emails/news/email.yaml"] = "subject: March news\ntopic: offers\n"
        files["emails/news/body.txt.mustache"] = "News. No more of these: {{links.unsubscribe}}\n"
        return files
    }

    /// Two schedulers, of which the one that walks is killed again and again in the middle: a mail for each member who takes
    /// offers, none twice, and none for whoever shares an address with one who got it.
    @Test(.timeLimit(.minutes(10)))
    func killedInTheMiddleItReachesEachMemberOnce() async throws {
        let entry = "{schedule: 2026-03-02T10:00, segment: readers, throttle: {per_minute: 6000}}"
        let services = ["ingest", "scoring", "scheduler", "scheduler-2", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.workspace(entry)) {
            cluster in
            let events = (0..<120).flatMap { number -> [[String: Any]] in
                let address = number == 119 ? Shop.address(0) : Shop.address(number)
                var traits: [String: Any] = ["email": address, "reads": number % 6 != 5]
                if number == 119 { traits["reads"] = true }
                let person: [String: Any] = [
                    "type": "identify", "userId": "user-\(number)", "messageId": "id-\(number)", "traits": traits,
                ]
                let consent: [String: Any] = [
                    "type": "track", "event": "Consent Given", "userId": "user-\(number)",
                    "messageId": "yes-\(number)",
                    "properties": ["topic": "offers", "wording": "Yes", "address": address],
                ]
                return number % 10 == 9 && number != 119 ? [person] : [person, consent]
            }
            for part in stride(from: 0, to: events.count, by: 100) {
                try await cluster.post(Array(events[part..<min(part + 100, events.count)]))
            }
            _ = try await cluster.loods("clock", "until", (Self.start + .minutes(59)).description)
            #expect(try cluster.mail.mails().isEmpty)
            let walk = try cluster.launch("clock", "until", (Self.start + .hours(2)).description)
            for (round, victim) in ["scheduler", "scheduler-2", "scheduler"].enumerated() {
                let reached = 20 + 25 * round
                try await eventually("some have entered") {
                    try await cluster.count("select count(*) from runs where journey = 'news'") >= reached
                }
                try await cluster.killAndRestart(victim)
            }
            #expect(try await walk.waitForExit() == .status(0))
            let wanted = Set((0..<119).filter { $0 % 6 != 5 && $0 % 10 != 9 }.map { Shop.address($0) })
            let mails = try cluster.mail.mails()
            #expect(Set(mails.map(\.to)) == wanted && mails.count == wanted.count)
            let standing = try await cluster.texts(
                "select concat(state, ' ', members, ' ', walked, ' ', entered, ' ', skipped) from broadcasts")
            #expect(standing == ["done 101 101 100 1"])
            let told = try await cluster.loods("explain", "customer-1@example.com")
            #expect(told.contains("2026-03-02T10:00"), "\(told)")
        }
    }

    /// The simulator and the cluster send the same mails at the same second, also by the contacts' own clocks.
    @Test(.timeLimit(.minutes(10)))
    func theClusterSendsWhatTheSimulatorSays() async throws {
        let entry = "{schedule: {every: week, on: tuesday, at: \"09:00\"}, segment: readers, local: true}"
        let people = [("anne", ""), ("york", "America/New_York"), ("kiri", "Pacific/Kiritimati")]
        try await Cluster.with(
            services: ["ingest", "scoring", "scheduler", "mailer"], clock: .stepped(at: Self.start),
            workspace: Self.workspace(entry)
        ) { cluster in
            for (name, zone) in people {
                var traits: [String: Any] = ["email": "\(name)@shop.example", "reads": true]
                if !zone.isEmpty { traits["timezone"] = zone }
                try await cluster.post([
                    ["type": "identify", "userId": name, "messageId": "id-\(name)", "traits": traits],
                    [
                        "type": "track", "event": "Consent Given", "userId": name, "messageId": "yes-\(name)",
                        "properties": ["topic": "offers", "wording": "Yes", "address": "\(name)@shop.example"],
                    ],
                ])
            }
            _ = try await cluster.loods("clock", "until", (Self.start + .days(9)).description)
            let mails = try cluster.mail.mails().map { "\($0.to) \($0.field("Date"))" }.sorted()
            #expect(
                mails == [
                    "anne@shop.example Tue, 03 Mar 2026 08:00:00 +0000",
                    "anne@shop.example Tue, 10 Mar 2026 08:00:00 +0000",
                    "kiri@shop.example Mon, 02 Mar 2026 19:00:00 +0000",
                    "kiri@shop.example Mon, 09 Mar 2026 19:00:00 +0000",
                    "york@shop.example Tue, 03 Mar 2026 14:00:00 +0000",
                    "york@shop.example Tue, 10 Mar 2026 13:00:00 +0000",
                ])
            let simulated = try await Self.simulated(people, Self.workspace(entry), cluster)
            #expect(
                simulated == [
                    "anne 2026-03-03T08:00:00Z", "anne 2026-03-10T08:00:00Z", "kiri 2026-03-02T19:00:00Z",
                    "kiri 2026-03-09T19:00:00Z", "york 2026-03-03T14:00:00Z", "york 2026-03-10T13:00:00Z",
                ])
        }
    }

    private static func simulated(
        _ people: [(String, String)], _ files: [String: String], _ cluster: Cluster
    ) async throws -> [String] {
        let contacts = people.map { name, zone in
            "  \(name): {email: \(name)@shop.example, reads: true, consents: [offers]"
                + (zone.isEmpty ? "}" : ", timezone: \(zone)}")
        }
        let play = """
            start: 2026-03-02T08:00 UTC
            contacts:
            \(contacts.joined(separator: "\n"))
            until: 9d
            """
        return try await Terminal.with(files: files) { line in
            try line.write(play, to: "play.yaml")
            let told = try await cluster.loods(
                "simulate", line.folder.path, "--contact", line.path("play.yaml"), "--json")
            return try JSONDecoder().decode([Story].self, from: Data(told.utf8)).flatMap { story in
                story.story.filter { $0.kind == "sent" }.map { "\(story.contact) \($0.at)" }
            }.sorted()
        }
    }

    private struct Story: Decodable {
        struct Line: Decodable {
            var at: String
            var kind: String
        }
        var contact: String
        var story: [Line]
    }
}
