import Foundation
import Logging
import Postgres
import Testing

/// The real server that the tests run on: LOODS_TEST_DATABASE_URL, a superuser's URL.
enum Server {
    static func url() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["LOODS_TEST_DATABASE_URL"],
            "set LOODS_TEST_DATABASE_URL to a superuser's URL of a PostgreSQL server")
    }

    static let quiet = Logger(label: "postgres-tests") { _ in SwiftLogNoOpLogHandler() }

    static func pool(
        url: String? = nil, size: Int = 2, statementTimeout: Duration = .seconds(30),
        lockTimeout: Duration = .seconds(10), cache: Int = 256, planLifetime: Duration = .seconds(5),
        logger: Logger = quiet
    ) throws -> PostgresPool {
        var configuration = try PostgresConfiguration(
            url: url ?? self.url(), applicationName: "postgres-tests", poolSize: size,
            statementTimeout: statementTimeout, lockTimeout: lockTimeout, connectTimeout: .seconds(30))
        configuration.statementCacheLimit = cache
        configuration.planLifetime = planLifetime
        return PostgresPool(configuration, logger: logger)
    }

    /// The server's URL with another user, database, host or port.
    static func url(_ change: (inout URLComponents) -> Void) throws -> String {
        var components = try #require(URLComponents(string: url()))
        change(&components)
        return try #require(components.string)
    }

    /// Runs `body` with the URL of a user of its own who may have only so many connections.
    static func withUser<R>(connectionLimit: Int, _ body: (String) async throws -> R) async throws -> R {
        let name = "driver_\(UInt64.random(in: 0 ... .max))"
        try await run("create role \(name) login password 'secret' connection limit \(connectionLimit)")
        let own = try url {
            $0.user = name
            $0.password = "secret"
        }
        let result: Result<R, any Error>
        do { result = .success(try await body(own)) } catch { result = .failure(error) }
        try await run("drop role \(name)")
        return try result.get()
    }

    /// Runs a script as the superuser, on a connection of its own.
    static func run(_ sql: String) async throws {
        try await withPool(pool(size: 1)) { pool in
            try await pool.withConnection { try $0.runScript(TrustedSQL(trusted: sql)) }
        }
    }

    /// Runs `body` with a pool and closes it.
    static func withPool<R>(_ pool: PostgresPool, _ body: (PostgresPool) async throws -> R) async throws -> R {
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// A fresh schema-qualified table name is enough of a world for a driver's test; `body` gets one, dropped after.
    static func withTable<R>(
        _ pool: PostgresPool, columns: String, _ body: (String) async throws -> R
    ) async throws -> R {
        let table = "driver_\(UInt64.random(in: 0 ... .max))"
        try await pool.withConnection { try $0.runScript(TrustedSQL(trusted: "create table \(table) (\(columns))")) }
        let result: Result<R, any Error>
        do { result = .success(try await body(table)) } catch { result = .failure(error) }
        try await pool.withConnection { try $0.runScript(TrustedSQL(trusted: "drop table \(table)")) }
        return try result.get()
    }
}

/// Runs `body` while one of the pool's connections is lent to somebody else.
func whileOneIsLent<R>(_ pool: PostgresPool, _ body: () async throws -> R) async throws -> R {
    let gate = DispatchSemaphore(value: 0)
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    async let holder: Void = pool.withConnection { _ in
        enter.yield()
        gate.wait()
    }
    let result: Result<R, any Error>
    for await _ in entered { break }
    do { result = .success(try await body()) } catch { result = .failure(error) }
    gate.signal()
    try await holder
    return try result.get()
}

/// Expects a ``PostgresError`` and returns it.
func postgresError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> PostgresError {
    try #require(await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() })
}
