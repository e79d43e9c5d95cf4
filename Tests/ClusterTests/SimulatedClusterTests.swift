import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// One small workspace, played by the simulator and by the whole cluster on its stepped clock: the same mails to the same
/// people at the same second, and runs that end alike.
@Suite struct SimulatedClusterTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static let workspace: [String: String] = [
        "workspace.yaml": """
        \(Shop.head)
        topics: [{topic: onboarding, wording: Help me}, {topic: offers, wording: Send me offers}]
        """,
        "stages.yaml": "stages: [{stage: see}, {stage: think, when: 'score(\"heat\") > 9'}]",
        "scores.yaml": """
        scores: [{score: heat, half_life: 3d, points: [{event: Page Viewed, points: 6}, {event: Email Sent, points: 1}]}]
        """,
        "segments/asleep.yaml": "segment: asleep\nwhen: did(\"Trial Started\") && !did(\"Page Viewed\", \"5d\")",
        "journeys/trial.yaml": """
        journey: trial
        enter: {event: Trial Started, again: never}
        goal: {when: 'run.did("Subscription Started")', within: 10d}
        exit: {when: '!consented("onboarding")'}
        steps:
          - email: why
          - wait: 1d
          - wait: {until: "09:00", days: workdays}
          - split: {share: {a: 50, b: 50}}
            a: [{email: how-a}]
            b: [{email: how-b}]
          - wait_for: {event: Plan Created, at_most: 2d12h}
            then: [{email: plan}]
            else: [{email: help}]
          - wait: {until: "18:30"}
          - email: last
        """,
        "journeys/wake-up.yaml":
            "journey: wake-up\nenter: {segment: asleep, again: per-entry}\nsteps: [{email: wake-up}]",
        "journeys/warm.yaml": "journey: warm\nenter: {stage: think}\nsteps: [{wait: 30m}, {email: warm}]",
    ].merging(
        ["why", "how-a", "how-b", "plan", "help", "last", "wake-up", "warm"].flatMap { name in
            let ground = ["wake-up", "warm"].contains(name) ? "topic: offers" : "topic: onboarding"
            return [
                ("emails/\(name)/email.yaml", "subject: \(name)\n\(name == "why" ? "class: transactional" : ground)\n"),
                ("emails/\(name)/body.txt.mustache", name == "why" ? "Why.\n" : "{{links.unsubscribe}}\n"),
            ]
        }
    ) { $1 }

    /// What happens: hours since the start, who, and what.
    private static let events: [(hours: Int, who: String, kind: String, what: String)] = [
        (0, "anne", "identify", "\"email\":\"anne@shop.example\""),
        (0, "anne", "consent", "onboarding"), (0, "anne", "consent", "offers"), (0, "anne", "track", "Trial Started"),
        (0, "bram", "identify", "\"email\":\"bram@shop.example\",\"timezone\":\"America/New_York\""),
        (0, "bram", "consent", "onboarding"), (0, "bram", "track", "Trial Started"),
        (0, "carla", "identify", "\"email\":\"carla@shop.example\""), (0, "carla", "track", "Trial Started"),
        (0, "dirk", "identify", "\"email\":\"dirk@shop.example\""), (0, "dirk", "consent", "onboarding"),
        (0, "dirk", "consent", "offers"), (0, "dirk", "track", "Page Viewed"),
        (30, "dirk", "track", "Page Viewed"), (30, "dirk", "track", "Trial Started"),
        (60, "anne", "track", "Plan Created"), (60, "bram", "track", "Page Viewed"),
        (130, "bram", "unsubscribe", "onboarding"), (130, "anne", "track", "Page Viewed"),
        (200, "dirk", "track", "Subscription Started"),
    ]

    @Test(.timeLimit(.minutes(10)))
    func theClusterDoesWhatTheSimulatorSays() async throws {
        let services = ["scoring", "scheduler", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.workspace) {
            cluster in
            for hours in Set(Self.events.map(\.hours)).sorted() {
                let instant = Self.start + .hours(Int64(hours))
                if hours > 0 { _ = try await cluster.loods("clock", "until", instant.description) }
                try await Terminal.with { line in
                    let lines = Self.events.enumerated().filter { $0.element.hours == hours }
                        .map { Self.call($0.element, $0.offset) }
                    try line.write(lines.joined(separator: "\n"), to: "events.jsonl")
                    _ = try await cluster.loods("import", line.path("events.jsonl"), "--trigger", "--wait")
                }
            }
            _ = try await cluster.loods("clock", "until", (Self.start + .days(25)).description)
            let simulated = try await Self.simulated(cluster)
            let mails = try cluster.mail.mails().map(Self.told).sorted()
            #expect(mails == simulated.mails, "\(mails.difference(from: simulated.mails))")
            let ended = try await cluster.texts(
                """
                select i.value || ' ' || r.journey || ' ' || r.outcome || ' '
                    || to_char(r.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                from runs r join identities i on i.workspace_id = r.workspace_id and i.subject_id = r.contact_id
                where i.kind = 'user' and r.ended_at is not null
                """)
            #expect(ended.sorted() == simulated.ends, "\(ended.sorted().difference(from: simulated.ends))")
            #expect(simulated.mails.count > 15 && Set(simulated.ends.map { $0.split(separator: " ")[2] }).count == 3)
        }
    }

    // MARK: For the cluster

    private static func call(_ event: (hours: Int, who: String, kind: String, what: String), _ number: Int) -> String {
        let time = start + .hours(Int64(event.hours))
        let head = "\"userId\":\"\(event.who)\",\"messageId\":\"\(id(number))\",\"timestamp\":\"\(time)\""
        switch event.kind {
        case "identify": return "{\"type\":\"identify\",\(head),\"traits\":{\(event.what)}}"
        case "track": return "{\"type\":\"track\",\(head),\"event\":\"\(event.what)\"}"
        default:
            let name = event.kind == "consent" ? "Consent Given" : "Consent Withdrawn"
            return "{\"type\":\"track\",\(head),\"event\":\"\(name)\",\"properties\":{\"topic\":\"\(event.what)\"}}"
        }
    }

    private static func id(_ number: Int) -> String { "e\(100 + number)" }

    /// `anne@shop.example why 2026-03-02T09:00:00Z`, the instant being that of the mail's own date.
    private static func told(_ mail: TestMailServer.Mail) -> String { "\(mail.to) \(mail.subject) \(mail.domainTime)" }

    // MARK: For the simulator

    private static var play: String {
        let lines = events.enumerated().map { number, event in
            let what = event.kind == "identify" ? "{\(event.what.replacing("\":\"", with: "\": \""))}" : event.what
            return "  - {at: \(event.hours)h, contact: \(event.who), id: \(id(number)), \(event.kind): \(what)}"
        }
        return """
            start: 2026-03-02T09:00 UTC
            contacts: {anne: {}, bram: {}, carla: {}, dirk: {}}
            until: 25d
            events:
            \(lines.joined(separator: "\n"))
            """
    }

    private static func simulated(_ cluster: Cluster) async throws -> (mails: [String], ends: [String]) {
        try await Terminal.with(files: workspace) { line in
            try line.write(play, to: "play.yaml")
            let told = try await cluster.loods(
                "simulate", line.folder.path, "--contact", line.path("play.yaml"), "--json")
            let stories = try JSONDecoder().decode([Story].self, from: Data(told.utf8))
            let lines = stories.flatMap { story in story.story.map { (story.contact, $0) } }
            let outcomes = ["ends: goal": "converted", "ends: exit": "exited", "ends: completed": "finished"]
            return (
                lines.filter { $0.1.kind == "sent" }.map { who, line in
                    "\(who)@shop.example \(line.what.dropFirst("e-mail ".count)) \(second(line.at))"
                }.sorted(),
                lines.filter { $0.1.kind == "ended" }.map { who, line in
                    let end = outcomes.first { line.what.hasPrefix($0.key) }?.value ?? line.what
                    return "\(who) \(line.journey ?? "") \(end) \(second(line.at))"
                }.sorted()
            )
        }
    }

    private static func second(_ time: String) -> String {
        (Timestamp(iso8601: time)?.microseconds).map { "\(Timestamp(seconds: $0 / 1_000_000))" } ?? time
    }

    private struct Story: Decodable {
        struct Line: Decodable {
            var at: String
            var journey: String?
            var kind: String
            var what: String
        }

        var contact: String
        var story: [Line]
    }
}

extension Terminal {
    /// Lends a command line with files in its folder.
    static func with<R: Sendable>(
        files: [String: String], _ body: @Sendable (Terminal) async throws -> R
    ) async throws -> R {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent(TestEnvironment.uniqueName("loods-cli-"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let line = Terminal(folder: folder)
        for (path, text) in files { try line.write(text, to: path) }
        return try await body(line)
    }
}
