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
        lockTimeout: Duration = .seconds(10), cache: Int = 256, logger: Logger = quiet
    ) throws -> PostgresPool {
        var configuration = try PostgresConfiguration(
            url: url ?? self.url(), applicationName: "postgres-tests", poolSize: size,
            statementTimeout: statementTimeout, lockTimeout: lockTimeout)
        configuration.statementCacheLimit = cache
        return PostgresPool(configuration, logger: logger)
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

/// Waits for something that other threads bring about, at most a minute: the thread sanitizer slows everything down.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Expects a ``PostgresError`` and returns it.
func postgresError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> PostgresError {
    try #require(await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() })
}
