import Foundation
import Laboratory
import Model
import Postgres
import Store
import Testing
import TestSupport

/// Segments in the whole cluster, on a clock that goes from one due instant to the next.
@Suite struct SegmentWalkTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static let segments: [String: String] = [
        "segments/buyers.yaml": "segment: buyers\nwhen: did(\"Order Completed\")\ndescription: Whoever bought\n",
        "segments/asleep.yaml": """
        segment: asleep
        stage: do
        when: in_segment("buyers") && !did("Order Completed", "14d")
        """,
        "personas.yaml": """
        personas: [{persona: sleeper, when: in_segment("asleep")}]
        default: visitor
        """,
        "journeys/wake-up.yaml": """
        journey: wake-up
        enter: {segment: asleep, again: per-entry}
        exit: {when: '!in_segment("asleep")'}
        steps: [{email: wake-up}, {wait: 30d}]
        """,
        "journeys/old-hands.yaml": """
        journey: old-hands
        enter: {segment: buyers, again: never, backfill: true}
        steps: [{wait: 1h}]
        """,
        "emails/wake-up/email.yaml": "subject: We miss you\nclass: transactional\n",
        "emails/wake-up/body.txt.mustache": "Come back.\n",
    ]

    private static func bring(_ events: [String], _ cluster: Cluster) async throws {
        try await Terminal.with { line in
            try line.write(events.joined(separator: "\n"), to: "events.jsonl")
            _ = try await cluster.loods("import", line.path("events.jsonl"), "--trigger", "--wait")
        }
    }

    private static func order(_ id: String, by user: String, at time: String) -> String {
        """
        {"type":"track","userId":"\(user)","event":"Order Completed","messageId":"\(id)","timestamp":"\(time)",\
        "properties":{"order_id":"\(id)"},"context":{"traits":{"email":"\(user)@shop.example"}}}
        """
    }

    private static func apply(_ files: [String: String], _ cluster: Cluster) async throws {
        try await Terminal.with { line in
            for (path, text) in files {
                try FileManager.default.createDirectory(
                    at: line.folder.appendingPathComponent(path).deletingLastPathComponent(),
                    withIntermediateDirectories: true)
                try line.write(text, to: path)
            }
            _ = try await cluster.loods("apply", "--yes", line.folder.path)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func whoFallsAsleepIsWokenByAMail() async throws {
        let services = ["scoring", "scoring-2", "scheduler", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Shop.files) { cluster in
            try await Self.bring(
                [
                    Self.order("1", by: "anne", at: "2026-03-01T10:00:00Z"),
                    Self.order("2", by: "bram", at: "2026-03-02T08:00:00Z"),
                ], cluster)
            // New definitions reach those who were there before; what they start says so itself.
            try await Self.apply(Shop.files.merging(Self.segments) { $1 }, cluster)
            _ = try await cluster.loods("backfill", "--wait")
            #expect(try await cluster.loods("backfill").contains("has reached all 2 contacts, "))
            #expect(try await cluster.count("select count(*) from segment_moves where cause = 'backfill'") == 2)
            _ = try await cluster.loods("clock", "advance", "2h")
            #expect(
                try await cluster.count(
                    "select count(*) from runs where journey = 'old-hands' and outcome = 'finished'") == 2)

            _ = try await cluster.loods("clock", "until", "2026-03-15T09:59:59Z")
            #expect(try await cluster.count("select count(*) from segment_members where segment = 'asleep'") == 0)
            _ = try await cluster.loods("clock", "until", "2026-03-15T10:00:00Z")
            #expect(try await cluster.count("select count(*) from segment_members where segment = 'asleep'") == 1)
            #expect(try await cluster.count("select count(*) from messages where template = 'wake-up'") == 1)
            #expect(try cluster.mail.mails().count { $0.subject == "We miss you" } == 1)
            try await Self.bring([Self.order("3", by: "anne", at: "2026-03-15T10:00:00Z")], cluster)
            _ = try await cluster.loods("clock", "advance", "20d")
            // Anne came back and fell asleep anew, Bram once.
            #expect(
                try await cluster.count("select count(*) from runs where journey = 'wake-up' and entry_key = '2'") == 1)
            #expect(try cluster.mail.mails().count { $0.subject == "We miss you" } == 3)
            #expect(try await cluster.count("select count(*) from wakes") == 0)

            let counts = try await cluster.loods("segments")
            #expect(counts.contains("Whoever bought") && counts.contains("persona sleeper"), "\(counts)")
            #expect(try await cluster.loods("segments", "asleep").contains("for the 2nd time"))
            let story = try await cluster.loods("explain", "anne")
            #expect(story.contains("segment     asleep, since"), "\(story)")
            #expect(story.contains("entered asleep for the 2nd time, by time alone, by in_segment(\"buyers\")"))
            #expect(story.contains("left asleep, with Order Completed") && story.contains("persona     sleeper"))
            #expect(story.contains("entered buyers, by definitions applied (revision 2)"))
            #expect(story.contains("wake-up"))
        }
    }
}
