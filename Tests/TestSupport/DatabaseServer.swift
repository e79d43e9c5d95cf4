import Model
import Postgres
import Schema

/// The server on which tests make their databases.
enum DatabaseServer {
    static func adminURL() throws -> String {
        try TestEnvironment.value(
            "LOODS_TEST_DATABASE_URL", "a superuser's URL of an admin database of a PostgreSQL server for tests")
    }

    /// One statement outside of a transaction.
    static func run(_ sql: String) async throws {
        try await withConnection { try $0.runScript(TrustedSQL(trusted: sql)) }
    }

    /// The migrated database that tests clone, made by the first who asks and kept for later runs.
    ///
    /// Its name holds the digest of the migrations, so an edit makes another one. It is built under a name of its own and
    /// renamed when complete: a run that was killed leaves nothing half done behind.
    static func template() async throws -> String { try await prepared.value }

    /// Awaited by every test that clones it; the first starts it.
    private static let prepared = Task { try await prepareTemplate() }

    private static func prepareTemplate() async throws -> String {
        let name = "loods_template_\(Migrator.fingerprint)"
        let exists = try await withConnection { session in
            try !session.query("select from pg_database where datname = \(name)").isEmpty
        }
        if !exists { try await makeTemplate(name) }
        return name
    }

    private static func makeTemplate(_ name: String) async throws {
        let draft = TestEnvironment.uniqueName("loods_draft_")
        try await run("create database \(draft)")
        let pool = PostgresPool(
            try PostgresConfiguration(
                url: TestDatabase.url(of: draft), applicationName: "loods-tests", poolSize: 1,
                connectTimeout: .seconds(30)),
            logger: TestEnvironment.quiet)
        do {
            _ = try await pool.withTransaction { try Migrator.migrate(in: $0) }
            await pool.close()
        } catch {
            await pool.close()
            try await run("drop database \(draft) with (force)")
            throw error
        }
        // Of several who got here at the same time the first renames, and the others drop what they have made.
        try await withConnection { session in
            try session.execute("select pg_advisory_lock(\(lockKey))")
            defer { _ = try? session.execute("select pg_advisory_unlock(\(lockKey))") }
            let isMade = try !session.query("select from pg_database where datname = \(name)").isEmpty
            let last = isMade ? "drop database \(draft) with (force)" : "alter database \(draft) rename to \(name)"
            try session.runScript(TrustedSQL(trusted: last))
        }
    }

    private static let lockKey: Int64 = 0x6C6F_6F64_7374

    private static func withConnection<R: Sendable>(
        _ body: @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let pool = PostgresPool(
            try PostgresConfiguration(
                url: adminURL(), applicationName: "loods-tests", poolSize: 1, statementTimeout: .seconds(120),
                lockTimeout: .zero, connectTimeout: .seconds(30)),
            logger: TestEnvironment.quiet)
        do {
            let value = try await pool.withConnection(body)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }
}
