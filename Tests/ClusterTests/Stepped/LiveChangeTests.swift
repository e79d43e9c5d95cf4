import Foundation
import Laboratory
import Model
import Postgres
import Testing
import TestSupport

/// A live journey is changed with many runs in flight: what `loods plan` counts is what `loods apply` then does.
///
/// Nothing comes in meanwhile. `LOODS_TEST_FAULTS=all` plays a hundred thousand runs, `LOODS_TEST_RUNS` any number.
@Suite struct LiveChangeTests {
    private static let start = Timestamp(iso8601: "2026-03-02T09:00:00Z")!

    private static let runs: Int =
        ProcessInfo.processInfo.environment["LOODS_TEST_RUNS"].flatMap { Int($0) }
        ?? (FaultLevel.current == .all ? 100_000 : 1_000)

    private static let old = Shop.files.merging([
        "segments/pros.yaml": "segment: pros\nwhen: contact.plan == \"pro\"\n",
        "journeys/trial.yaml": """
        journey: trial
        enter: {event: Trial Started, again: never}
        steps:
          - wait: 1d
          - {email: receipt, step: hello}
          - wait: 2d
          - if: contact.plan == "pro"
            then: [{email: receipt, step: pro-tips}]
          - {email: receipt, step: news}
          - wait_for: {event: Docs Viewed, at_most: 3d}
            then: [{email: receipt, step: docs}]
            else: [{email: receipt, step: nudge}]
          - wait: 30d
        """,
    ]) { $1 }

    /// A step before the first wait, another behind the second, no more waiting for an event; and a journey that lets in the
    /// members of a segment.
    private static let new = old.merging([
        "journeys/trial.yaml": """
        journey: trial
        enter: {event: Trial Started, again: never}
        steps:
          - set: {tried: true}
          - wait: 1d
          - {email: receipt, step: hello}
          - wait: 2d
          - {email: receipt, step: story}
          - if: contact.plan == "pro"
            then: [{email: receipt, step: pro-tips}]
          - {email: receipt, step: news}
          - wait: 1h
          - {email: receipt, step: more}
          - wait: 30d
        """,
        "journeys/club.yaml": """
        journey: club
        enter: {segment: pros, backfill: true}
        steps: [{wait: 2h}, {email: receipt, step: club}, {wait: 3h}, {email: receipt, step: club-again}, {wait: 5d}]
        """,
    ]) { $1 }

    @Test(.timeLimit(.minutes(30)))
    func whatPlanCountedIsWhatApplyThenDoes() async throws {
        let services = ["scoring", "scheduler", "mailer"]
        try await Cluster.with(services: services, clock: .stepped(at: Self.start), workspace: Self.old) { cluster in
            try await Terminal.with { line in
                let people = LiveChange(cluster, line)
                // Of ten contacts two wait for the event, three stand at the second wait, five at the first.
                try await people.begin(Self.runs / 5, "early")
                try await people.advance("2d")
                try await people.begin(Self.runs * 3 / 10, "middle")
                try await people.advance("2d")
                try await people.begin(Self.runs / 2, "late")
                try await people.advance("2h")
                for (name, text) in Self.new { try line.write(text, to: "shop/" + name) }

                let planned = try await people.plan()
                try people.check(planned, runs: Self.runs)
                let applied = try await people.apply()
                #expect(applied == planned.moving.values.reduce(0, +))
                let since = try await people.now()
                #expect(try await people.standings() == planned.standingsAfter)
                try await people.advance("1d")
                let sent = try await people.sent(since: since)
                try people.check(sent, against: planned)
                #expect(try await cluster.count("select count(*) from runs where journey = 'club'") == planned.entering)
                #expect(try await cluster.count("select count(*) from set_aside") == 0)
            }
        }
    }
}

/// What a plan counted, by journeys and steps: `trial hello`.
private struct Counted {
    /// `1 wait 1` and where they go on, `2 wait 2`; those that stay go on where they are.
    var moves: [(from: String, to: String, runs: Int)] = []
    /// Those that move, by where they stand.
    var moving: [String: Int] = [:]
    var entering = 0
    var recent = 0
    var certain: [String: Int] = [:]
    var possible: [String: Int] = [:]

    var standingsAfter: [String: Int] {
        moves.reduce(into: [:]) { $0[$1.to, default: 0] += $1.runs }
    }
}

private struct LiveChange {
    let cluster: Cluster
    let line: Terminal

    init(_ cluster: Cluster, _ line: Terminal) {
        self.cluster = cluster
        self.line = line
    }

    /// One of ten has the plan that branches ask for.
    func begin(_ count: Int, _ group: String) async throws {
        let now = try await now()
        let events = (0..<count).map { number in
            """
            {"type":"track","userId":"\(group)-\(number)","event":"Trial Started","messageId":"t","timestamp":"\(now)",\
            "context":{"traits":{"email":"\(group)-\(number)@shop.example","plan":"\(number % 10 == 0 ? "pro" : "free")"}}}
            """
        }
        try line.write(events.joined(separator: "\n"), to: "events.jsonl")
        try await loods("import", line.path("events.jsonl"), "--trigger", "--wait")
    }

    func advance(_ span: String) async throws { try await loods("clock", "advance", span) }

    func now() async throws -> Timestamp {
        try await cluster.stage.database.pool.withConnection {
            try $0.query("select at from clock")[0][0, as: Timestamp.self]
        }
    }

    /// Its last line as JSON; a hundred thousand runs take their time.
    @discardableResult
    private func loods(_ arguments: String..., exits code: Int32 = 0) async throws -> [String: Any] {
        let process = try cluster.launch(arguments)
        let exit = try await process.waitForExit(within: .seconds(900))
        #expect(exit == .status(code), "\(arguments): \(process.output)")
        let last = process.output.split(separator: "\n").last ?? ""
        return (try? JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]) ?? [:]
    }

    func plan() async throws -> Counted {
        let told = try await loods("plan", line.path("shop"), "--migrate", "trial", "--json", exits: 2)
        var counted = Counted()
        for journey in try #require(told["journeys"] as? [[String: Any]]) {
            let name = journey["journey"] as? String ?? ""
            counted.entering += journey["entering"] as? Int ?? 0
            counted.recent += journey["entered_in_14_days"] as? Int ?? 0
            let day = journey["next_24_hours"] as? [String: Any]
            for mail in day?["mails"] as? [[String: Any]] ?? [] {
                let step = "\(name) \(mail["step"] ?? "")"
                counted.certain[step, default: 0] += mail["certain"] as? Int ?? 0
                counted.possible[step, default: 0] += mail["possible"] as? Int ?? 0
            }
        }
        let migration = try #require((told["migrations"] as? [[String: Any]])?.first)
        for move in try #require(migration["steps"] as? [[String: Any]]) {
            let from = "\(move["version"] ?? 0) \(move["step"] ?? "")"
            let to = (move["to"] as? String).map { "\(migration["version"] ?? 0) \($0)" }
            let runs = try #require(move["runs"] as? Int)
            counted.moves.append((from, to ?? from, runs))
            if to != nil { counted.moving[from, default: 0] += runs }
        }
        return counted
    }

    /// How many runs were moved.
    func apply() async throws -> Int {
        let told = try await loods("apply", "--yes", line.path("shop"), "--migrate", "trial", "--json")
        return try #require((told["migrated"] as? [String: Any])?["trial"] as? Int)
    }

    /// The runs of the journey by version and step.
    func standings() async throws -> [String: Int] {
        try await counts(
            """
            select journey_version || ' ' || (state ->> 'step'), count(*) from runs
            where journey = 'trial' and ended_at is null group by 1
            """)
    }

    /// The mails that were sent, by journey and step.
    func sent(since instant: Timestamp) async throws -> [String: Int] {
        try await counts(
            """
            select journey || ' ' || step, count(*) from messages
            where state = 'accepted' and planned_at > \(instant) group by 1
            """)
    }

    private func counts(_ query: Query) async throws -> [String: Int] {
        try await cluster.stage.database.pool.withConnection { session in
            Dictionary(
                uniqueKeysWithValues: try session.query(query).map {
                    (try $0[0, as: String.self], Int(try $0[1, as: Int64.self]))
                })
        }
    }
}

// MARK: What it must be

extension LiveChange {
    /// What was counted is what was made.
    func check(_ planned: Counted, runs: Int) throws {
        #expect(planned.moving == ["1 wait 1": runs / 2, "1 wait 3": runs * 3 / 10])
        #expect(planned.standingsAfter == ["2 wait 2": runs / 2, "2 wait 4": runs * 3 / 10, "1 wait_for 6": runs / 5])
        #expect(planned.recent == runs && planned.entering == runs / 10)
    }

    /// What was counted as certain is what was sent; where a branch decides, no more than what was counted, and nothing else.
    func check(_ sent: [String: Int], against planned: Counted) throws {
        for (step, count) in planned.certain where planned.possible[step] == 0 {
            #expect(sent[step] == count, "\(step)")
        }
        for (step, count) in planned.possible where count > 0 {
            let certain = planned.certain[step] ?? 0
            #expect((certain...certain + count).contains(sent[step] ?? 0), "\(step)")
        }
        #expect(Set(sent.keys).isSubset(of: planned.certain.keys), "\(sent)")
        // The contacts who have the plan take the branch, and no others.
        #expect(sent["trial pro-tips"].map { $0 * 10 } == sent["trial story"])
        #expect(
            Set(sent.keys).isSuperset(of: ["trial hello", "trial story", "trial news", "trial more", "club club-again"])
        )
    }
}
