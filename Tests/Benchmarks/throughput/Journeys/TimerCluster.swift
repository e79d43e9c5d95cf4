import Glibc
import Model
import Postgres

/// The running schedulers, by the timers that they take.
struct TimerCluster: Sendable {
    let audience: AudienceCluster

    var pool: PostgresPool { audience.pool }
    private var surroundings: Surroundings { audience.surroundings }

    init(_ audience: AudienceCluster) { self.audience = audience }

    func close() async { await audience.close() }

    func pause() { surroundings.processes.signal("scheduler", SIGSTOP) }
    func resume() { surroundings.processes.signal("scheduler", SIGCONT) }

    /// All of them fall due while schedulers stand still; returns how fast they are then taken.
    func fire(_ walkers: Walkers, in kinds: [Walkers.Kind], key: String) async throws -> Sample {
        pause()
        defer { resume() }
        let past = try await audience.now() - .seconds(1)
        _ = try await walkers.wait(in: kinds, key: key, due: { _ in past }, pool)
        return try await drain(walkers.contacts.count, before: past + .seconds(1))
    }

    /// Lets schedulers go on, until nothing is due that was to come before an instant.
    func drain(_ count: Int, before instant: Timestamp) async throws -> Sample {
        try await Sample.of(count, by: surroundings.processes) {
            resume()
            try await eventually("all timers are taken", within: surroundings.budget) {
                // From behind: what was taken already lies in front.
                try await pool.withConnection {
                    try $0.query("select from timers where due_at <= \(instant) order by due_at desc limit 1").isEmpty
                }
            }
        }
    }

    /// Those of `contacts` whose run of a key has gone on to its second wait.
    func goneOn(_ contacts: [UniqueID], key: String) async throws -> Set<UniqueID> {
        let workspace = audience.workspace
        return try await pool.withConnection { session in
            Set(
                try session.query(
                    """
                    select contact_id from runs
                    where workspace_id = \(workspace) and contact_id = any(\(contacts)) and journey = 'waits'
                        and entry_key = \(key) and state ->> 'step' = 'wait 2'
                    """
                ).map { try $0[0, as: UniqueID.self] })
        }
    }

    // MARK: Timers of later

    /// Lets runs of these people wait for weeks, each of so many.
    func wait(_ people: Walkers, runs: Range<Int>) async throws {
        for number in runs {
            let first = try await audience.now() + .days(2)
            _ = try await people.wait(
                in: [.waits], key: "later \(number)", tidies: false,
                due: { first + .seconds(Int64($0) * 37 % 2_600_000) }, pool)
        }
        try await Walkers.tidy(pool)
    }

    /// Takes the timers of those runs away, or puts them back.
    func hideLater(fewerThan runs: Int) async throws {
        _ = try await pool.withConnection { session in
            try session.execute(
                """
                delete from timers t using runs r
                where r.workspace_id = t.workspace_id and r.contact_id = t.contact_id and r.run_id = t.run_id
                    and r.entry_key like 'later %' and substr(r.entry_key, 7)::integer >= \(Int32(runs))
                """)
        }
        _ = try await pool.withConnection { try $0.execute("vacuum (analyze) timers") }
    }

    func showLater(from runs: Int) async throws {
        _ = try await pool.withConnection { session in
            try session.execute(
                """
                insert into timers (workspace_id, contact_id, run_id, kind, version, due_at)
                select workspace_id, contact_id, run_id, 'wake', version, wake_at from runs
                where entry_key like 'later %' and substr(entry_key, 7)::integer >= \(Int32(runs))
                """)
        }
        _ = try await pool.withConnection { try $0.execute("vacuum (analyze) timers") }
    }

    func pending() async throws -> Int {
        try await pool.withConnection { Int(try $0.query("select count(*) from timers")[0][0, as: Int64.self]) }
    }
}
