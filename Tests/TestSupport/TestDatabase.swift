import Foundation
public import Model
public import Postgres
import Schema
public import Store
import Synchronization

/// A migrated database of its own for one test, on the server that `LOODS_TEST_DATABASE_URL` names.
///
/// ```swift
/// try await TestDatabase.with { database in
///     try await database.pool.withTransaction { session in … }
/// }
/// ```
public final class TestDatabase: Sendable {
    /// The database's name on the server.
    public let name: String
    /// `postgres://…/NAME`, for whoever connects by itself.
    public let url: String
    /// Eight connections, opened when needed; they stand for as many processes.
    public let pool: PostgresPool

    /// Nil once the database is dropped.
    private let pools: Mutex<[PostgresPool]?>
    /// Of all tests that may run at a time; a server takes a hundred connections by default.
    private static let slots = Slots(8)

    /// Whether it ends with a server of the test's own.
    private let endsWithServer: Bool

    private init(name: String, url: String, endsWithServer: Bool = false) throws {
        self.name = name
        self.url = url
        self.endsWithServer = endsWithServer
        pool = try Self.pool(url, connections: 8)
        pools = Mutex([pool])
    }

    /// Makes the database, runs `body`, and drops the database, whoever is connected.
    public static func with<R>(
        clock: TestClock = .real, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestDatabase) async throws -> R
    ) async throws -> R {
        try await make(clock: clock).lend(body)
    }

    /// Makes a database without any schema for `body`, and drops it.
    public static func withEmpty<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> R
    ) async throws -> R {
        try await create(template: "template1").lend(body)
    }

    /// Uses a store that stands already, on a server of the caller's own; see `OwnPostgres.makeStore`. It is not dropped,
    /// for its server may be away when `body` has ended.
    public static func at<R>(
        _ url: String, isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> R
    ) async throws -> R {
        try await TestDatabase(name: "own", url: url, endsWithServer: true).lend(body)
    }

    private func lend<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> R
    ) async throws -> R {
        do {
            let result = try await body(self)
            try await drop()
            return result
        } catch {
            try? await drop()
            throw error
        }
    }

    /// Makes a database by cloning the migrated template; ``drop()`` it.
    ///
    /// Waits while eight others exist in this process: a test that has one must not make another.
    public static func make(clock: TestClock = .real) async throws -> TestDatabase {
        let database = try await create(template: try await DatabaseServer.template())
        do {
            _ = try await database.pool.withTransaction {
                try DomainClock.initialize(clock.mode, at: clock.start, in: $0)
            }
        } catch {
            try? await database.drop()
            throw error
        }
        return database
    }

    private static func create(template: String) async throws -> TestDatabase {
        await slots.take()
        do {
            let name = TestEnvironment.uniqueName("loods_test_")
            try await DatabaseServer.run("create database \(name) template \(template)")
            return try TestDatabase(name: name, url: try url(of: name))
        } catch {
            await slots.giveBack()
            throw error
        }
    }

    /// Closes every pool made here, and drops the database with its other connections; again, does nothing.
    public func drop() async throws {
        guard
            let pools = pools.withLock({ pools in
                defer { pools = nil }
                return pools
            })
        else { return }
        for pool in pools { await pool.close() }
        if endsWithServer { return }
        do {
            try await DatabaseServer.run("drop database if exists \(name) with (force)")
            await Self.slots.giveBack()
        } catch {
            await Self.slots.giveBack()
            throw error
        }
    }

    /// The same database, for whoever has the rights of a role (`scoring`, `tool` …) and no others.
    public func url(as role: String) -> String {
        url + (url.contains("?") ? "&" : "?") + "options=-c%20role%3Dloods_\(role)"
    }

    /// Another pool on this database, closed before the database is dropped.
    ///
    /// - Parameter role: whose rights it has, as `scoring`; nil: a superuser's.
    public func pool(connections: Int, as role: String? = nil) throws -> PostgresPool {
        let pool = try Self.pool(role.map(url(as:)) ?? url, connections: connections)
        pools.withLock { $0?.append(pool) }
        return pool
    }

    private static func pool(_ url: String, connections: Int) throws -> PostgresPool {
        PostgresPool(
            try PostgresConfiguration(
                url: url, applicationName: "loods-tests", poolSize: connections, connectTimeout: .seconds(30)),
            logger: TestEnvironment.quiet)
    }

    static func url(of name: String) throws -> String {
        guard var url = URLComponents(string: try DatabaseServer.adminURL()) else {
            throw TestSupportError("LOODS_TEST_DATABASE_URL is no URL")
        }
        url.path = "/\(name)"
        return url.string ?? ""
    }
}

/// The clock of a test's store.
public enum TestClock: Sendable {
    case real
    /// Stands at an instant until `DomainClock.step` moves it.
    case stepped(at: Timestamp)

    /// As `LOODS_CLOCK` says it.
    public var mode: DomainClock.Mode {
        if case .stepped = self { .stepped } else { .real }
    }

    var start: Timestamp {
        if case .stepped(let start) = self { start } else { Timestamp(seconds: 0) }
    }
}
