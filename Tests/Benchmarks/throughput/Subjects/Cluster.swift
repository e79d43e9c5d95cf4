import Glibc
import Logging
import Postgres

/// The running services, seen from outside: requests go in, rows and counters come out.
struct Cluster: Sendable {
    let surroundings: Surroundings
    let requests: TrackingRequests
    private let pool: PostgresPool

    init(_ surroundings: Surroundings, logger: Logger) throws {
        self.surroundings = surroundings
        requests = TrackingRequests(writeKey: surroundings.writeKey)
        pool = PostgresPool(
            try PostgresConfiguration(
                url: surroundings.databaseURL, applicationName: "throughput", poolSize: 1,
                statementTimeout: .seconds(120)),
            logger: logger)
    }

    func close() async { await pool.close() }

    /// Sends requests to the edge; returns when all are answered 200.
    func post(_ requests: [[UInt8]], connections: Int) async throws {
        try await HTTPLoad(address: surroundings.ingest, connections: connections).send(requests)
    }

    // MARK: Scoring

    /// Stops the scoring processes where they are; what the edge accepts then waits in the queue.
    func pauseScoring() { surroundings.processes.signal("scoring", SIGSTOP) }

    func resumeScoring() { surroundings.processes.signal("scoring", SIGCONT) }

    /// Events that scoring has committed since it started: new ones.
    func stored() async throws -> Int { try await counter("loods_events_stored_total") }

    /// Events that scoring has met again since it started.
    func repeated() async throws -> Int { try await counter("loods_events_repeated_total") }

    private func counter(_ name: String) async throws -> Int {
        try await HTTPGet.counter(name, of: surroundings.scoringMetrics)
    }

    /// Returns once `count` has reached `target`.
    func wait(for target: Int, _ what: String, patience: Duration = .seconds(60), _ count: () async throws -> Int)
        async throws
    {
        var (best, lastProgress) = (Int.min, ContinuousClock.now)
        try await eventually("\(what) are there", within: surroundings.budget) {
            let now = try await count()
            if now > best { (best, lastProgress) = (now, .now) }
            guard now >= target || ContinuousClock.now - lastProgress < patience else {
                throw MeasurementFault("\(target - now) \(what) are missing, and none came for \(patience)")
            }
            return now >= target
        }
    }

    /// Returns once scoring has had nothing new to commit for half a second.
    func settle() async throws {
        var last = -1
        try await eventually("scoring has nothing to commit", within: surroundings.budget, every: .milliseconds(500)) {
            let now = try await stored() + repeated()
            defer { last = now }
            return now == last
        }
    }

    /// Rows of the log that came of the streams posted.
    func rows() async throws -> Int {
        try await pool.withConnection { session in
            Int(
                try session.query("select count(*) from event_log where name = any(\(EventStream.browsingNames))")[0]
                    .decode(Int64.self))
        }
    }
}
