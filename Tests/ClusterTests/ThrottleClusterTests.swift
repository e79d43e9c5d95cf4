import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// A journey that lets few begin at once and sends from a stream, through the whole cluster.
@Suite struct ThrottleClusterTests {
    private static let start = Timestamp(iso8601: "2026-03-02T08:00:00Z")!
    private static let askers = 0..<12

    private static var workspace: [String: String] {
        var files = Laboratory.Shop.files
        files["streams/tours.yaml"] = "stream: tours\nemails: [tour-1, tour-2]"
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: {event: Tour Asked, key: event.id, again: per-key, throttle: {per_hour: 60}}
            steps: [{stream: tours}]
            """
        for name in ["tour-1", "tour-2"] {
            files["emails/\(name)/email.yaml"] = "subject: \(name)\nclass: transactional\n"
            files["emails/\(name)/body.txt.mustache"] = "A tour.\n"
        }
        return files
    }

    private static func asked(_ number: Int, _ id: String) -> [String: Any] {
        [
            "type": "track", "event": "Tour Asked", "userId": "user-\(number)", "messageId": "\(id)-\(number)",
            "context": ["traits": ["email": Shop.address(number)]],
        ]
    }

    /// When mails were handed over, in minutes since the start, in order.
    private static func minutes(_ cluster: Cluster) async throws -> [Int] {
        try await cluster.texts(
            "select (extract(epoch from planned_at - \(start)) / 60)::text from messages order by planned_at"
        ).compactMap { Double($0).map { Int($0) } }
    }

    /// Schedulers are killed while runs wait: each begins once, a minute behind the one before, and who asks again gets what
    /// was not had.
    @Test(.timeLimit(.minutes(10)))
    func runsBeginOneByOneWhoeverIsKilled() async throws {
        let services = ["ingest", "scoring", "scheduler", "scheduler-2", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.workspace) {
            cluster in
            try await cluster.post(Self.askers.map { Self.asked($0, "first") })
            _ = try await cluster.loods("clock", "until", (Self.start + .seconds(150)).description)
            #expect(try await Self.minutes(cluster) == [0, 1, 2])
            let status = try cluster.launch("status")
            _ = try await status.waitForExit()
            #expect(status.output.contains("throttle of tour: 9 runs wait for their turn"), "\(status.output)")
            let had = Set(try cluster.mail.mails().map(\.to))
            let waiting = try #require(Self.askers.map { Shop.address($0) }.first { !had.contains($0) })
            let story = try await cluster.loods("explain", waiting)
            #expect(story.contains("waits for its turn, since Mon 2 March 2026 09:00"), "\(story)")

            let walk = try cluster.launch("clock", "until", (Self.start + .minutes(30)).description)
            try await eventually("some have begun") {
                try await cluster.count("select count(*) from messages") >= 5
            }
            try await cluster.killAndRestart("scheduler")
            try await cluster.killAndRestart("scheduler-2")
            #expect(try await walk.waitForExit() == .status(0))
            #expect(try await Self.minutes(cluster) == Array(0..<12))
            #expect(try cluster.mail.mails().map(\.to).sorted() == Self.askers.map { Shop.address($0) }.sorted())

            try await cluster.post([Self.asked(3, "second"), Self.asked(3, "third")])
            _ = try await cluster.loods("clock", "advance", "10m")
            let mails = try cluster.mail.mails().filter { $0.to == Shop.address(3) }.map { String($0.subject) }
            #expect(mails.sorted() == ["tour-1", "tour-2"])
            let told = try await cluster.loods("explain", Shop.address(3))
            #expect(told.contains("began tour: its turn came, for which it waited 1m"), "\(told)")
            #expect(told.contains("all 2 e-mails of the stream tours were had"), "\(told)")

            let streams = try await cluster.loods("streams")
            #expect(streams.contains("1 contact   had all: it is exhausted for them"), "\(streams)")
            #expect(streams.contains("11 contacts   1 left") && streams.contains("12 had tour-1"), "\(streams)")
            let exhausted = try await cluster.loods("streams", "tours")
            #expect(exhausted.contains("\(Shop.address(3))   has had all"), "\(exhausted)")
            let others = try await cluster.loods("streams", "tours", "--left", "1", "--json")
            let json = try JSONSerialization.jsonObject(with: Data(others.utf8)) as? [[String: Any]]
            #expect(json?.count == 12 && json?.count { ($0["left"] as? [String]) == ["tour-2"] } == 11)
            _ = try await cluster.command("streams", "tuors", exits: 1)
        }
    }

    /// A cap that schedulers keep together, whoever is killed: as many enter as it says, and of all others it is on record.
    @Test(.timeLimit(.minutes(10)))
    func noMoreEnterThanACapSaysWhoeverIsKilled() async throws {
        var files = Laboratory.Shop.files
        files["journeys/tour.yaml"] = """
            journey: tour
            enter: {event: Tour Asked, cap: {at_most: 25}}
            steps: [{email: receipt, step: tour}]
            """
        let services = ["ingest", "scoring", "scheduler", "scheduler-2", "mailer"]
        try await Cluster.with(services: services, workspace: files) { cluster in
            for start in stride(from: 0, to: 120, by: 20) {
                try await cluster.post((start..<start + 20).map { Self.asked($0, "first") })
                if start == 40 { try await cluster.killAndRestart("scheduler") }
                if start == 80 { try await cluster.killAndRestart("scheduler-2") }
            }
            try await eventually("all are answered") {
                try await cluster.count(
                    "select count(*) from decisions where journey = 'tour' and kind = 'entry'") == 120
            }
            #expect(try await cluster.count("select count(*) from runs where journey = 'tour'") == 25)
            #expect(try await cluster.count("select count(*) from decisions where choice = 'turned away'") == 95)
            try await eventually("their mails are there") {
                try cluster.mail.mails().count == 25
            }
            let out = try await cluster.texts(
                """
                select c.attributes ->> 'email' from contacts c join decisions d using (workspace_id, contact_id)
                where d.choice = 'turned away' limit 1
                """)
            let story = try await cluster.loods("explain", try #require(out.first))
            #expect(
                story.contains(
                    "not let into tour: Tour Asked happened, but its cap was full, at most 25 entries in all"),
                "\(story)")
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loods-cap-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            files["journeys/tour.yaml"] = files["journeys/tour.yaml"]?.replacing("at_most: 25", with: "at_most: 40")
            for (path, text) in files {
                let file = folder.appendingPathComponent(path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            let told = try await cluster.command("plan", folder.path, exits: 2)
            #expect(told.contains("cap   40 entries in all at most, 25 so far; others are turned away"), "\(told)")
        }
    }
}
