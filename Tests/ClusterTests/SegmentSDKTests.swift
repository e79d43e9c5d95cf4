import Foundation
import Laboratory
import Postgres
import Testing
import TestSupport

/// The SDK from PyPI, as it is, sends its calls to ingest. The one event that no store can hold is rejected, and all
/// that travels with it is kept.
@Suite(
    .enabled("LOODS_TEST_SEGMENT_PYTHON names no Python that has segment-analytics-python") { try await SDK.isThere() })
struct SegmentSDKTests {
    @Test(.timeLimit(.minutes(10)))
    func whatTheSDKSendsIsStoredButForThePoison() async throws {
        try await Cluster.with(services: ["ingest", "scoring"], workspace: Shop.files) { cluster in
            for run in ["plain", "gzip"] {
                let end = try await SDK.run(SDK.program, cluster.ingest, cluster.writeKey, run)
                #expect(end.status == 0, "\(run): \(end.text)")
            }
            let expected = ["plain", "gzip"].flatMap(Self.events)
            try await eventually("all events are in the log") {
                try await cluster.count("select count(*) from event_log") >= expected.count
            }
            try await Self.compareEvents(cluster, with: expected)
            try await Self.compareContents(cluster)
            #expect(try await cluster.count("select count(*) from set_aside") == 0)
            #expect(try await Self.events(cluster, "accepted") == expected.count)
            #expect(try await Self.events(cluster, "rejected") == 2, "one of each run")
        }
    }

    /// What a run of the program leads to: ids and names, without the poisonous one.
    private static func events(_ run: String) -> [String] {
        let single = ["identify Identified", "page Page Viewed", "order Order Completed", "visit Product Viewed"]
        let views = (0..<250).map { "view-\($0) Product Viewed" }
        let reviews = (0..<20).map { "review-\($0) Review Written" }
        return (single + views + reviews).map { "\(run)-\($0)" }
    }

    private static func events(_ cluster: Cluster, _ outcome: String) async throws -> Int {
        try await cluster.counter("loods_ingest_events_total{outcome=\"\(outcome)\"}", of: "ingest")
    }

    private static func compareEvents(_ cluster: Cluster, with expected: [String]) async throws {
        let stored = try await cluster.stage.database.pool.withConnection { session in
            try session.query("select event_id || ' ' || name from event_log").map { try $0[0, as: String.self] }
        }
        #expect(stored.count == expected.count)
        #expect(Set(stored).symmetricDifference(expected).sorted() == [])
        #expect(try await cluster.count("select count(*) from event_log where event_id ~ 'poison'") == 0)
    }

    private static func compareContents(_ cluster: Cluster) async throws {
        let people = try await cluster.stage.database.pool.withConnection { session in
            try session.query(
                """
                select l.properties ->> 'first_name', l.properties ->> 'email', c.attributes ->> 'email'
                from event_log l join contacts c on c.workspace_id = l.workspace_id and c.contact_id = l.subject_id
                where l.name = 'Identified' order by l.event_id
                """
            ).map { try $0.decode((String.self, String.self, String.self)) }.map { [$0.0, $0.1, $0.2] }
        }
        #expect(
            people == ["gzip", "plain"].map { ["Zo\u{EB} \u{1F6A2}", "\($0)@shop.example", "\($0)@shop.example"] })
        #expect(try await cluster.contacts == 4, "a shopper and a visitor of each run")
        let queries: [Query] = [
            """
            select count(*) from event_log
            where name = 'Page Viewed' and properties ->> 'name' = 'Start' and properties ->> 'category' = 'Docs'
            """,
            """
            select count(*) from event_log
            where name = 'Order Completed' and (properties ->> 'revenue')::numeric = 12.5
            """,
            "select count(*) from event_log where name = 'Review Written' and length(properties ->> 'text') = 32000",
            "select count(*) from event_log where context #>> '{library,name}' = 'analytics-python'",
        ]
        var counts: [Int] = []
        for query in queries { counts.append(try await cluster.count(query)) }
        #expect(counts == [2, 2, 40, 548])
    }
}

/// `segment-analytics-python`, in the Python that `LOODS_TEST_SEGMENT_PYTHON` names; `deploy/dev test` sets it.
enum SDK {
    static func isThere() async throws -> Bool {
        guard let python else { return false }
        return try await SystemProgram.run(python, "-c", "import segment.analytics", seconds: 240).status == 0
    }

    /// Runs a program with its arguments.
    static func run(_ program: String, _ first: String, _ second: String, _ third: String) async throws
        -> SystemProgram.Result
    {
        try await SystemProgram.run(#require(python), "-c", program, first, second, third, seconds: 240)
    }

    private static var python: String? {
        ProcessInfo.processInfo.environment["LOODS_TEST_SEGMENT_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Takes where to send, the write key, and the name of the run, which is also whether it packs.
    ///
    /// The SDK makes bodies by itself: of a hundred events at most, and of 475,000 bytes and one event more.
    static let program = #"""
        import random
        import sys

        import segment.analytics as analytics

        host, key, run = sys.argv[1:]
        failures = []
        analytics.host = host
        analytics.write_key = key
        analytics.gzip = run == "gzip"
        analytics.max_retries = 5
        analytics.on_error = lambda error, items: failures.append(f"{len(items)} events: {error}")


        def call(send, suffix, **fields):
            taken, message = send(message_id=f"{run}-{suffix}", **fields)
            if not taken:
                failures.append(f"not taken: {message}")


        shopper = {"user_id": f"{run}-shopper"}
        call(analytics.identify, "identify", **shopper,
             traits={"email": f"{run}@shop.example", "first_name": "Zo\u00eb \U0001f6a2"})
        call(analytics.page, "page", **shopper, category="Docs", name="Start")
        call(analytics.track, "order", **shopper, event="Order Completed", properties={"revenue": 12.5})
        call(analytics.track, "visit", anonymous_id=f"{run}-visitor", event="Product Viewed")
        for number in range(250):
            call(analytics.track, f"view-{number}", **shopper, event="Product Viewed", properties={"number": number})
            if number == 120:
                call(analytics.track, "poison", **shopper, event="Product Viewed", properties={"text": "be\0fore"})
        # Text that packs no better than a hundred to one.
        noise = random.Random(7)
        for number in range(20):
            text = noise.randbytes(16_000).hex()
            call(analytics.track, f"review-{number}", **shopper, event="Review Written", properties={"text": text})
        analytics.flush()
        sys.exit("\n".join(failures) or 0)
        """#
}
