import Foundation
import Postgres
import Schema
import Store

extension OwnPostgres {
    /// Makes and starts a standby of this server; ``remove()`` it.
    ///
    /// - Parameters:
    ///   - options: the standby's own.
    ///   - synchronous: whether commits wait for it from now on; set with `alter system` on this server.
    public func standby(_ options: Options = Options(), synchronous: Bool = false) async throws -> OwnPostgres {
        let folder = try await Self.makeFolder()
        let standby = try OwnPostgres(folder: folder, password: password)
        do {
            try await Program.check(
                Self.asServer([
                    "env", "PGPASSWORD=\(password)", try Self.binary("pg_basebackup"), "-h", "127.0.0.1", "-p",
                    "\(port)", "-U", "postgres", "-D", standby.data, "-R", "-X", "stream", "-c", "fast", "--no-sync",
                ]))
            try standby.configure(options)
            try await standby.start()
            if synchronous { try await run("alter system set synchronous_standby_names = '*'") }
            reload()
            let state = synchronous ? "sync" : "async"
            try await server.waitUntil("has its standby") {
                let states = try? await self.texts(
                    "select sync_state from pg_stat_replication where state = 'streaming'")
                return states?.contains(state) == true
            }
            return standby
        } catch {
            await standby.remove()
            throw error
        }
    }

    /// Starts it as a server that recovers: it takes connections and reads, but no writes, until ``promote()``.
    public func startReadOnly() async throws {
        try write("", to: "data/standby.signal")
        try await start()
    }

    /// Makes a standby the primary; the old one is not told, and goes on if it can.
    public func promote() async throws {
        guard try await texts("select pg_promote(true, 60)::text") == ["true"] else {
            throw TestSupportError("the standby was not promoted")
        }
    }

    /// Runs a script as the superuser, on a connection of its own.
    public func run(_ sql: String, database: String = "postgres") async throws {
        try await withPool(database) { pool in
            try await pool.withConnection { try $0.runScript(TrustedSQL(trusted: sql)) }
        }
    }

    /// Makes a database with Loods's schema and clock, and answers its URL.
    public func makeStore(named name: String = "loods", clock: TestClock = .real) async throws -> String {
        try await run("create database \(name)")
        try await withPool(name) { pool in
            try await pool.withTransaction { session in
                _ = try Migrator.migrate(in: session)
                _ = try DomainClock.initialize(clock.mode, at: clock.start, in: session)
            }
        }
        return url(database: name)
    }

    /// The first column of what a query answers.
    func texts(_ sql: String) async throws -> [String] {
        try await withPool("postgres") { pool in
            try await pool.withConnection { session in
                try session.query(Query(TrustedSQL(trusted: sql))).map { try $0.decode(String.self) }
            }
        }
    }

    private func withPool<R>(_ database: String, _ body: (PostgresPool) async throws -> R) async throws -> R {
        let pool = PostgresPool(
            try PostgresConfiguration(
                url: url(database: database), applicationName: "loods-tests", poolSize: 1,
                statementTimeout: .seconds(120), lockTimeout: .zero, connectTimeout: .seconds(30)),
            logger: TestEnvironment.quiet)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }
}
