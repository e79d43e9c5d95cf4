import Model
import Postgres
import Store
import TestSupport

@testable import Audience

/// Definitions with segments of every kind.
enum SegmentShop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers"]),
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'did("Form Submitted")'}
        """,
        "scores.yaml": """
        scores:
          - score: engagement
            half_life: 1d
            points:
              - {event: Page Viewed, points: 8}
        """,
        "segments/buyers.yaml": segment("buyers", #"count("Order Completed") >= 2"#),
        "segments/recent.yaml": segment("recent", #"did("Order Completed", "14d")"#),
        // Reads what others are, and stands before them in the order of names.
        "segments/asleep.yaml": segment("asleep", #"in_segment("buyers") && !in_segment("recent")"#),
        "segments/hot.yaml": segment("hot", #"score("engagement") > 4"#),
        "segments/reached.yaml": segment("reached", #"consented("offers")"#),
        "segments/thinkers.yaml": "segment: thinkers\nstage: think\nwhen: did(\"Page Viewed\")",
        "personas.yaml": """
        personas:
          - {persona: sleeper, when: in_segment("asleep")}
          - {persona: developer, when: contact.role == "developer"}
        default: visitor
        """,
        "journeys/wake-up.yaml": """
        journey: wake-up
        enter: {segment: asleep, again: per-entry}
        exit: {when: '!in_segment("asleep")'}
        steps: [{wait: 10d}]
        """,
        "journeys/welcome.yaml": """
        journey: welcome
        enter: {segment: buyers, again: never, backfill: true}
        steps: [{wait: 1d}]
        """,
    ]

    static func segment(_ name: String, _ when: String) -> String { "segment: \(name)\nwhen: '\(when)'" }
}

extension Bench {
    /// A reviewer with scoring's rights.
    func reviewer() async throws -> AudienceReviewer { AudienceReviewer(worker: try await worker()) }

    /// Moves the clock and lets what is due then happen.
    @discardableResult
    func advance(to time: Timestamp, by reviewer: AudienceReviewer? = nil) async throws -> Int {
        try await database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
        let chosen: AudienceReviewer
        if let reviewer { chosen = reviewer } else { chosen = try await self.reviewer() }
        var woken = 0
        while case let part = try await chosen.fireWakes(limit: 1000), part > 0 { woken += part }
        return woken
    }

    /// Moves the clock from one due instant to the next, as `loods clock` does, up to an instant.
    func walk(to end: Timestamp) async throws {
        let reviewer = try await reviewer()
        var now = try await database.pool.withTransaction { try DomainClock.read(in: $0) }
        while now < end {
            let before = now
            let next = try await database.pool.withTransaction { try Quiet.nextDue(after: before, in: $0) }
            now = min(next ?? end, end)
            try await advance(to: now, by: reviewer)
        }
    }

    func backfill(slices size: Int32 = 2) async throws {
        let reviewer = try await reviewer()
        try await reviewer.takeUpDefinitions()
        while try await reviewer.backfill(size: size) {}
    }

    /// `asleep 1`: the segments of a contact with how often it has entered each.
    func segments(_ user: String = "anne") async throws -> [String] {
        let contact = try await survivor(.user, user) ?? contact(.user, user)
        return try await texts(
            """
            select segment || ' ' || ordinal from segment_members where contact_id = \(contact.contact) order by 1
            """)
    }

    /// `entered asleep 1 time 5d`: the moves of a contact, counted from the start.
    func moves(of segment: String, _ user: String = "anne") async throws -> [String] {
        try await texts(
            """
            select concat_ws(' ', move, ordinal, cause, floor(extract(epoch from at - \(Self.start)) / 3600) || 'h')
            from segment_moves where contact_id = \(contact(.user, user).contact) and segment = \(segment)
            order by ordinal, move
            """)
    }

    func persona(_ user: String = "anne") async throws -> String? {
        try await texts("select persona from personas where contact_id = \(contact(.user, user).contact)").first
    }
}
