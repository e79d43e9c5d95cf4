import Foundation
import Postgres
import Testing

@Suite struct FailureTests {
    @Test func aDeadlockIsASerializationConflict() async throws {
        try await Server.withPool(Server.pool(size: 2)) { pool in
            try await Server.withTable(pool, columns: "key int8 primary key, n int8") { table in
                try await pool.withConnection { session in
                    _ = try session.execute("insert into \(identifier: table) values (1, 0), (2, 0)")
                }
                let met = Meeting(2)
                let outcomes = await withTaskGroup(of: PostgresError?.self) { group in
                    for (first, second) in [(1, 2), (2, 1)] {
                        group.addTask {
                            do {
                                try await pool.withTransaction { session in
                                    let update: (Int) throws -> Void = { key in
                                        try session.execute(
                                            "update \(identifier: table) set n = n + 1 where key = \(key)")
                                    }
                                    try update(first)
                                    met.arriveAndWait()
                                    try update(second)
                                }
                                return nil
                            } catch {
                                return error as? PostgresError
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let errors = outcomes.compactMap(\.self)
                #expect(errors.count == 1)
                #expect(errors.allSatisfy { $0.isSerializationConflict && $0.isTransient && $0.sqlState == "40P01" })
            }
        }
    }

    /// Two threads of the pool wait for each other; never a thread of the cooperative pool.
    final class Meeting: Sendable {
        private let condition = NSCondition()
        private nonisolated(unsafe) var missing: Int  // guarded by the condition's lock

        init(_ count: Int) { missing = count }

        func arriveAndWait() {
            condition.withLock {
                missing -= 1
                condition.broadcast()
                while missing > 0 { condition.wait() }
            }
        }
    }

    @Test func aSlowStatementIsEnded() async throws {
        try await Server.withPool(Server.pool(size: 1, statementTimeout: .milliseconds(50))) { pool in
            let error = try await postgresError {
                _ = try await pool.withTransaction { try $0.execute("select pg_sleep(60)") }
            }
            #expect(error.sqlState == "57014" && error.isTransient && !error.isConnectionLost)
            #expect(try await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) } == 1)
        }
    }

    @Test func aLockIsNotAwaitedForEver() async throws {
        try await Server.withPool(Server.pool(size: 2, lockTimeout: .milliseconds(50))) { pool in
            try await Server.withTable(pool, columns: "n int8") { table in
                let locked = Meeting(2)
                let done = Meeting(2)
                async let holder: Void = pool.withTransaction { session in
                    try session.runScript(TrustedSQL(trusted: "lock table \(table)"))
                    locked.arriveAndWait()
                    done.arriveAndWait()
                }
                let error = try await postgresError {
                    try await pool.withTransaction { session in
                        locked.arriveAndWait()
                        defer { done.arriveAndWait() }
                        _ = try session.query("select * from \(identifier: table)")
                    }
                }
                try await holder
                #expect(error.sqlState == "55P03" && error.isTransient && !error.isConnectionLost)
            }
        }
    }

    @Test func aTerminatedConnectionIsReplaced() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let first = try await pid(pool)
            try await terminate(first)
            let second = try await pid(pool)
            #expect(second != first)
            try await terminate(second)
            let third = try await pool.withTransaction { session in
                try session.query("select pg_backend_pid()")[0].decode(Int.self)
            }
            #expect(third != second)
        }
    }

    @Test func terminatedAmidATransaction() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                _ = try await pool.withTransaction { session in
                    try session.execute("select pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error.isConnectionLost && error.isTransient && !error.isUnknownOutcome)
            let swallowed = try await postgresError {
                try await pool.withTransaction { session in
                    _ = try? session.execute("select pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(swallowed.isConnectionLost && !swallowed.isUnknownOutcome)
            let alone = try await postgresError {
                _ = try await pool.withConnection { session in
                    try session.execute("select pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(alone.isConnectionLost && alone.isUnknownOutcome)
            #expect(try await pid(pool) > 0)
        }
    }

    private func pid(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select pg_backend_pid()")[0].decode(Int.self) }
    }

    /// Returns once the server has no such process any more.
    private func terminate(_ pid: Int) async throws {
        try await Server.withPool(Server.pool(size: 1)) { other in
            let ended = try await other.withConnection { session in
                try session.query("select pg_terminate_backend(\(Int32(pid)), 5000)")[0].decode(Bool.self)
            }
            #expect(ended)
        }
    }
}
