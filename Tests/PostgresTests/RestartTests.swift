import Foundation
import Postgres
import TestSupport
import Testing

/// The server goes away in every way it can, and comes back.
@Suite(.timeLimit(.minutes(10))) struct RestartTests {
    private func pool(_ server: OwnPostgres, size: Int = 2) throws -> PostgresPool {
        try Server.pool(url: server.url, size: size)
    }

    private func pid(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select pg_backend_pid()")[0].decode(Int.self) }
    }

    @Test(arguments: OwnPostgres.Stop.allCases)
    func whatWasCommittedIsThereAndTheNextUseConnectsAgain(stop: OwnPostgres.Stop) async throws {
        try await OwnPostgres.with { server in
            try await server.run("create table kept (n int8 primary key)")
            try await Server.withPool(pool(server)) { pool in
                _ = try await pool.withTransaction { try $0.execute("insert into kept values (1)") }
                try await server.stop(stop)
                let away = try await postgresError {
                    _ = try await pool.withTransaction { try $0.execute("insert into kept values (2)") }
                }
                #expect(away.isTransient && away.isConnectionLost && !away.isUnknownOutcome)
                guard case .away = pool.state else {
                    Issue.record("the pool says that the server is there")
                    return
                }
                try await server.start()
                try await eventually("the pool has a connection again") {
                    (try? await pool.withTransaction { try $0.execute("insert into kept values (3)") }) == 1
                }
                let kept = try await pool.withConnection { session in
                    try session.query("select n from kept order by n").map { try $0.decode(Int.self) }
                }
                #expect(kept == [1, 3])
                guard case .available = pool.state else {
                    Issue.record("the pool says that the server is away")
                    return
                }
            }
        }
    }

    @Test(arguments: OwnPostgres.Stop.allCases)
    func inTheMiddleOfATransaction(stop: OwnPostgres.Stop) async throws {
        try await OwnPostgres.with { server in
            try await server.run("create table kept (n int8 primary key)")
            try await Server.withPool(pool(server)) { pool in
                let (inserted, insert) = AsyncStream.makeStream(of: Void.self)
                let stopped = DispatchSemaphore(value: 0)
                async let outcome = postgresError {
                    try await pool.withTransaction { session in
                        try session.execute("insert into kept values (1)")
                        insert.finish()
                        stopped.wait()
                        try session.execute("insert into kept values (2)")
                    }
                }
                for await _ in inserted {}
                try await server.stop(stop)
                stopped.signal()
                let error = try await outcome
                #expect(error.isTransient && error.isConnectionLost && !error.isUnknownOutcome)
                try await server.start()
                try await eventually("the pool has a connection again") { await (try? pid(pool)) != nil }
                let count = try await pool.withConnection { session in
                    try session.query("select count(*) from kept")[0].decode(Int.self)
                }
                #expect(count == 0)
            }
        }
    }

    @Test func aServerThatHangsIsGivenUpAndFoundAgain() async throws {
        try await OwnPostgres.with { server in
            try await Server.withPool(pool(server)) { pool in
                let before = try await pid(pool)
                server.freeze()
                let error = try await postgresError {
                    _ = try await pool.withTransaction(within: .seconds(1)) { try $0.execute("select 1") }
                }
                #expect(error.code == .timeout && error.isTransient && error.isConnectionLost)
                server.thaw()
                try await eventually("the pool has a connection again") { await (try? pid(pool)) != nil }
                #expect(try await pid(pool) != before)
            }
        }
    }
}
