import Foundation
import Glibc
import Logging
import Model
import Postgres
import Store

/// The workspace of the running services, seen from outside.
struct AudienceCluster: Sendable {
    let surroundings: Surroundings
    let requests: TrackingRequests
    let pool: PostgresPool
    let workspace: WorkspaceID
    let revision: Int32

    /// - Parameters:
    ///   - name: the workspace's, where it is not the one that is there from the start.
    ///   - writeKey: a key of its own then.
    init(_ surroundings: Surroundings, workspace name: String = "bench", writeKey: String? = nil, logger: Logger)
        async throws
    {
        self.surroundings = surroundings
        requests = TrackingRequests(writeKey: writeKey ?? surroundings.writeKey)
        pool = PostgresPool(
            try PostgresConfiguration(
                url: surroundings.databaseURL, applicationName: "throughput", poolSize: 2,
                statementTimeout: .seconds(240)),
            logger: logger)
        (workspace, revision) = try await pool.withConnection { session in
            guard
                let row = try session.query("select workspace_id, revision from workspaces where name = \(name)").first
            else { throw MeasurementFault("there is no workspace \"\(name)\"") }
            return try row.decode((WorkspaceID.self, Int32.self))
        }
    }

    func close() async { await pool.close() }

    // MARK: Scoring

    /// Stops the scoring processes where they are.
    func pauseScoring() { surroundings.processes.signal("scoring", SIGSTOP) }

    func resumeScoring() { surroundings.processes.signal("scoring", SIGCONT) }

    /// Lets only the first `count` scoring processes go on.
    func resumeScoring(_ count: Int) {
        for group in surroundings.processes where group.name == "scoring" {
            for pid in group.roots.prefix(count) { kill(pid, SIGCONT) }
        }
    }

    /// Wakes that the first `count` scoring processes have looked at since they started.
    func woken(by count: Int) async throws -> Int {
        try await HTTPGet.counter("loods_wakes_fired_total", of: Array(surroundings.scoringMetrics.prefix(count)))
    }

    /// Events that are committed, and contacts that were backfilled, since scoring started.
    func stored() async throws -> Int {
        try await HTTPGet.counter("loods_events_stored_total", of: surroundings.scoringMetrics)
    }

    func backfilled() async throws -> Int {
        try await HTTPGet.counter("loods_backfilled_contacts_total", of: surroundings.scoringMetrics)
    }

    /// How fast scoring commits events that have gathered in the queue while it stood still.
    func score(_ events: EventStream) async throws -> Sample {
        let target = try await stored() + events.count
        pauseScoring()
        defer { resumeScoring() }
        try await HTTPLoad(address: surroundings.ingest, connections: 32).send(requests.batches(of: events))
        return try await Sample.of(events.count, by: surroundings.processes) {
            resumeScoring()
            try await eventually("all events are stored") { try await stored() >= target }
        }
    }

    // MARK: Definitions

    /// Applies the definitions with one more segment, which is another one for each number.
    func apply(variant: Int) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("audience-\(getpid())-\(variant)")
        defer { try? files.removeItem(at: folder) }
        try files.copyItem(at: URL(fileURLWithPath: surroundings.definitions), to: folder)
        let segment = "segment: variant\nwhen: 'count(\"Order Completed\", \"30d\") >= \(variant)'\n"
        try Data(segment.utf8).write(to: folder.appendingPathComponent("segments/variant.yaml"))
        try surroundings.loods(["apply", folder.path, "--yes"])
    }

    /// Whether new definitions have yet to reach everybody.
    func isBackfilling() async throws -> Bool {
        let workspace = workspace
        return try await pool.withTransaction { session in
            let isAwaited = try Backfills.awaited(in: session).contains { $0.workspace == workspace }
            return try isAwaited || Backfills.progress(of: workspace, in: session).contains { $0.endedAt == nil }
        }
    }

    // MARK: Broadcasts

    /// Has a broadcast's time come, and returns when its last member has entered.
    func letIn(_ journey: String, occurrence: String, segment: String) async throws {
        let workspace = workspace
        _ = try await pool.withConnection { session in
            try session.execute(
                """
                insert into broadcasts (
                    workspace_id, journey, occurrence, version, segment, due_at, opened_at, state, next_at, looked_at)
                values (
                    \(workspace), \(journey), \(occurrence), 1, \(segment), clock_time(), clock_time(), 'walking',
                    clock_time(), clock_time())
                """)
        }
        try await eventually("the broadcast is over", within: .seconds(400)) {
            try await pool.withConnection { session in
                try session.query(
                    "select from broadcasts where workspace_id = \(workspace) and state = 'walking'"
                ).isEmpty
            }
        }
    }

    // MARK: Rows

    /// Those of `contacts` who have entered a segment, by a cause.
    func entered(_ segment: String, of contacts: [UniqueID], by cause: String) async throws -> Set<UniqueID> {
        let workspace = workspace
        return try await pool.withConnection { session in
            Set(
                try session.query(
                    """
                    select contact_id from segment_moves
                    where workspace_id = \(workspace) and contact_id = any(\(contacts)) and segment = \(segment)
                        and ordinal = 1 and move = 'entered' and cause = \(cause)
                    """
                ).map { try $0[0, as: UniqueID.self] })
        }
    }

    /// Domain time.
    func now() async throws -> Timestamp { try await pool.withTransaction { try DomainClock.read(in: $0) } }

    /// Settles what making people has stirred up, so that the next measurement does not pay for it.
    static func tidy(_ pool: PostgresPool) async throws {
        _ = try await pool.withConnection { session in
            try session.execute("vacuum (analyze) contacts, event_log, scores, wakes, segment_members, segment_moves")
        }
    }
}
