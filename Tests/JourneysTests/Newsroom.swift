import Contracts
@testable import Journeys
import Messaging
import Model
import Postgres
import Store
import TestSupport

/// A bench with a broadcast to a segment of as many members as a test likes, that comes at noon in UTC.
struct Newsroom: Sendable {
    static let noon = Timestamp(iso8601: "2026-03-02T12:00:00Z")!

    let bench: Bench

    static func files(_ entry: String, _ steps: String = "[{email: thanks, step: news}]") -> [String: String] {
        var files = Shop.files
        files["workspace.yaml"] = shopSettings(topics: ["offers": "Yes, send me offers"])
            .replacing("Europe/Amsterdam", with: "UTC")
        files["segments/readers.yaml"] = "segment: readers\nwhen: 'did(\"Page Viewed\")'"
        files["journeys/news.yaml"] = "journey: news\nenter: \(entry)\nsteps: \(steps)"
        return files
    }

    static func with(_ entry: String, _ body: (Newsroom) async throws -> Void) async throws {
        try await Bench.with { bench in
            let newsroom = Newsroom(bench: bench)
            try await newsroom.apply(entry)
            try await body(newsroom)
        }
    }

    /// Makes it live, and its audience evaluated.
    func apply(_ entry: String, _ steps: String = "[{email: thanks, step: news}]") async throws {
        try await Bench.apply(Self.files(entry, steps), to: bench.database)
        try await bench.change(
            """
            insert into backfills (
                workspace_id, revision, everybody, contacts, started_at, looked_at, ended_at)
            select workspace_id, revision, false, 0, \(Bench.start), \(Bench.start), \(Bench.start) from workspaces
            on conflict (workspace_id) do update set revision = excluded.revision
            """)
    }

    func step(to time: Timestamp) async throws {
        try await bench.database.pool.withTransaction { try DomainClock.step(to: time, in: $0) }
    }

    /// Puts people into the segment, with an address each, or the one that they share.
    func join(
        _ users: [String], at time: Timestamp = Bench.start, address: String? = nil, zone: String? = nil
    ) async throws {
        let contacts = users.map { bench.contact($0).contact }
        let attributes = users.map { user in
            var known: [String: JSON] = ["email": .string(address ?? "\(user)@shop.example")]
            if let zone { known["timezone"] = .string(zone) }
            return JSON.object(known)
        }
        try await bench.change(
            """
            insert into contacts (workspace_id, contact_id, attributes, created_at)
            select \(bench.workspace), u.contact, u.attributes, \(time)
            from unnest(\(contacts), \(attributes)) as u (contact, attributes)
            """)
        try await bench.change(
            """
            insert into segment_members (workspace_id, contact_id, segment, ordinal, entered_at, cause)
            select \(bench.workspace), contact, 'readers', 1, \(time), 'event' from unnest(\(contacts)) as u (contact)
            """)
    }

    func leave(_ user: String) async throws {
        try await bench.change("delete from segment_members where contact_id = \(bench.contact(user).contact)")
    }

    /// Opens what is due, and walks it to where it may be walked now.
    func walk(_ scheduler: JourneyWriter? = nil, limit: Int32 = 500) async throws {
        let scheduler = scheduler ?? bench.journeys
        try await scheduler.openBroadcasts()
        while try await scheduler.walkBroadcast(limit: limit) > 0 {}
    }

    /// `2026-03-02T12:00 done 3 walked 2 entered 1 skipped`, in order.
    func broadcasts() async throws -> [String] {
        try await bench.texts(
            """
            select concat(occurrence, ' ', state, ' ', walked, ' walked ', entered, ' entered ', skipped, ' skipped')
            from broadcasts order by occurrence
            """)
    }

    func entered() async throws -> Int {
        Int(try await bench.texts("select count(*)::text from runs where journey = 'news'")[0]) ?? -1
    }
}
