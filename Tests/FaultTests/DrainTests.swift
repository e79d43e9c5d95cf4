import Foundation
import Laboratory
import Postgres
import TestSupport
import Testing

/// How fast the backlog of an outage goes away, beside what the same scoring process does when nothing was wrong: a ratio
/// within one run. It takes minutes, and so belongs to `deploy/dev test faults --all`.
@Suite struct DrainTests {
    private static let outage = Duration.seconds(60)
    /// Drained within this much of backlog over steady rate.
    private static let bound = 1.3

    @Test(.timeLimit(.minutes(10)), .enabled(if: FaultLevel.current == .all, "it takes minutes: --all runs it"))
    func theBacklogOfAMinuteGoesAlmostAsFastAsEver() async throws {
        let settings = ["ingest": ["LOODS_EVENT_BUFFER_MB": "256"]]
        try await Cluster.withOwnServers(broker: false, settings: settings, workspace: Shop.files) {
            cluster, servers in
            let postgres = try #require(servers.postgres)
            let load = Load(cluster)
            // Contacts are made, caches warm, tables grown.
            try await load.run(for: .seconds(20))
            try await Self.stored(cluster)

            // The steady rate: what had gathered while scoring stood still, with everything else as ever.
            try await cluster.freeze("scoring")
            let gathered = try await load.run(for: Self.outage / 2)
            var start = ContinuousClock.now
            try await cluster.thaw("scoring")
            try await Self.stored(cluster)
            let steady = Double(gathered) / Self.seconds(since: start)

            try await postgres.stop(.immediate)
            let backlog = try await load.run(for: Self.outage)
            start = .now
            try await postgres.start()
            try await Self.stored(cluster)
            let took = Self.seconds(since: start)
            let ratio = took / (Double(backlog) / steady)

            let recovery = try await cluster.drain(within: .seconds(60))
            let account = try await cluster.account()
            let figures = String(
                format: "%d events in %.1f s at %.0f/s steady: %.2f", backlog, took, steady, ratio)
            print("drain of a PostgreSQL outage of \(Self.outage.components.seconds) s: \(figures)")
            try FaultReport(
                fault: "drain of PostgreSQL \(Self.outage.components.seconds) s", point: figures, workers: 1,
                account: account, recovery: .seconds(took) + recovery
            ).record()
            account.expectClean("a drained outage")
            #expect(ratio <= Self.bound, "\(figures)")
        }
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - start) / .seconds(1)
    }

    /// Waits until all that was accepted is stored; asks scoring's own counter, which costs the store nothing.
    private static func stored(_ cluster: Cluster) async throws {
        let due = cluster.journal.accepted.count
        try await eventually("all that was accepted is stored", within: .seconds(240), every: .milliseconds(50)) {
            try await cluster.counter("loods_events_stored_total", of: "scoring") >= due
        }
    }

    /// Page views by known visitors, at an even rate.
    private actor Load {
        private let cluster: Cluster
        private var next = 0
        private static let batch = 100
        private static let pause = Duration.milliseconds(50)

        init(_ cluster: Cluster) { self.cluster = cluster }

        /// - Returns: how many events were accepted.
        @discardableResult
        func run(for length: Duration) async throws -> Int {
            let end = ContinuousClock.now + length
            var pace = Pace(every: Self.pause)
            let first = next
            while ContinuousClock.now < end {
                try await cluster.post((next..<next + Self.batch).map(Self.view))
                next += Self.batch
                try await pace.next()
            }
            return next - first
        }

        private static func view(_ number: Int) -> [String: Any] {
            [
                "type": "page", "userId": "visitor-\(number % 5_000)", "messageId": "view-\(number)",
                "timestamp": "2026-03-02T12:00:00.000Z",
                "properties": ["path": "/rope/\(number % 997)", "title": "Rope, 12 mm, three strands"],
            ]
        }
    }
}
