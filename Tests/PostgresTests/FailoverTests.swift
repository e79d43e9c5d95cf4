import Foundation
import Postgres
import TestSupport
import Testing

/// The primary goes and its standby is promoted; a pool that names both follows by itself.
@Suite(.timeLimit(.minutes(10))) struct FailoverTests {
    private func withPair(
        _ body: (_ primary: OwnPostgres, _ standby: OwnPostgres, _ pool: PostgresPool) async throws -> Void
    ) async throws {
        try await OwnPostgres.with { primary in
            try await primary.run("create table kept (n int8 primary key)")
            let standby = try await primary.standby(synchronous: true)
            let url = OwnPostgres.url(of: [primary, standby], parameters: "target_session_attrs=read-write")
            let configuration = try PostgresConfiguration(
                url: url, applicationName: "postgres-tests", poolSize: 2, connectTimeout: .seconds(2))
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await Server.withPool(PostgresPool(configuration, logger: Server.quiet)) { pool in
                        try await eventually("the primary serves") { (try? await self.port(pool)) != nil }
                        try await body(primary, standby, pool)
                    })
            } catch { result = .failure(error) }
            await standby.remove()
            try result.get()
        }
    }

    private func port(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select inet_server_port()")[0].decode(Int.self) }
    }

    private func insert(_ number: Int, _ pool: PostgresPool) async throws {
        try await pool.withTransaction(within: .seconds(5)) { session in
            _ = try session.execute("insert into kept values (\(number)) on conflict do nothing")
        }
    }

    /// Inserts, trying again while the database is away.
    private func insertEventually(_ number: Int, _ pool: PostgresPool) async throws {
        try await eventually("\(number) is inserted") {
            do {
                try await insert(number, pool)
                return true
            } catch let error as PostgresError where error.isTransient {
                return false
            }
        }
    }

    private func numbers(_ pool: PostgresPool) async throws -> [Int] {
        try await pool.withConnection { try $0.query("select n from kept order by n").map { try $0.decode(Int.self) } }
    }

    @Test func afterTheDeathOfThePrimaryTheStandbyServesAndHasEveryCommit() async throws {
        try await withPair { primary, standby, pool in
            for number in 0..<50 { try await insert(number, pool) }
            #expect(try await port(pool) == Int(primary.port))
            try await primary.stop(.killed)
            // A standby is there, and takes no writes: it is not what was asked for.
            let error = try await postgresError { try await insert(50, pool) }
            #expect(error.isTransient && error.code == .connection || error.isConnectionLost)
            try await standby.promote()
            try await insertEventually(50, pool)
            #expect(try await port(pool) == Int(standby.port))
            #expect(try await numbers(pool) == Array(0...50))
        }
    }

    @Test func aPrimaryThatHangsIsLeftToo() async throws {
        try await withPair { primary, standby, pool in
            try await insert(0, pool)
            primary.freeze()
            let error = try await postgresError {
                try await pool.withTransaction(within: .seconds(1)) { session in
                    _ = try session.execute("insert into kept values (1)")
                }
            }
            #expect(error.code == .timeout && error.isTransient && error.isConnectionLost)
            try await standby.promote()
            try await insertEventually(2, pool)
            #expect(try await port(pool) == Int(standby.port))
            #expect(try await numbers(pool) == [0, 2])
        }
    }

    /// A switch-over in order: the old primary ends its connections, with 57P01, which is no failure.
    @Test func aSwitchOverInOrderLosesNothing() async throws {
        try await withPair { primary, standby, pool in
            for number in 0..<20 { try await insert(number, pool) }
            try await primary.stop(.fast)
            try await standby.promote()
            for number in 20..<40 { try await insertEventually(number, pool) }
            #expect(try await numbers(pool) == Array(0..<40))
        }
    }
}
