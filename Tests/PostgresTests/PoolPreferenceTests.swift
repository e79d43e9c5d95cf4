import ConnectionThread
import Foundation
import Postgres
import TestSupport
import Testing

/// A pool of two of which only one can be opened (53300), as at a server whose connections are used up.
@Suite struct PoolPreferenceTests {
    @Test(.timeLimit(.minutes(10))) func theOpenConnectionServesEverybody() async throws {
        try await Server.withUser(connectionLimit: 1) { url in
            let log = LogLines()
            let pool = try Server.pool(url: url, size: 2, logger: log.logger)
            try await Server.withPool(pool) { pool in
                let first = try await pid(pool)
                // While it is lent, others find that a second one is refused, and wait for it.
                let waiting = try await whileOneIsLent(pool) {
                    let waiting = (1...2).map { _ in Task { try await pid(pool) } }
                    try await eventually("a refusal") { log.lines == ["PostgreSQL refuses a further connection"] }
                    #expect(pool.state == .available)
                    return waiting
                }
                for task in waiting { #expect(try await task.value == first) }
                for _ in 0..<20 { #expect(try await pid(pool) == first) }
                #expect(pool.state == .available)
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func theOtherOneIsOpenedWhenThereIsRoom() async throws {
        try await Server.withUser(connectionLimit: 1) { url in
            let log = LogLines()
            let pool = try Server.pool(url: url, size: 2, logger: log.logger)
            let running = Task { try await pool.run() }
            try await eventually("the first connection") { pool.state == .available }
            let first = try await pid(pool)
            let user = try #require(URLComponents(string: url)?.user)
            try await whileOneIsLent(pool) {
                let waiting = Task { try await pid(pool) }
                try await eventually("a refusal") { log.lines == ["PostgreSQL refuses a further connection"] }
                try await Server.run("alter role \(user) connection limit 2")
                // The pool tries again by itself, and who waits gets it though the first one is still lent.
                #expect(try await waiting.value != first)
            }
            running.cancel()
            try await running.value
        }
    }

    @Test func aReadOnlyServerIsLeft() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let first = try await pid(pool)
            let error = try await postgresError {
                try await pool.withTransaction { session in
                    try session.runScript("set transaction read only; create table nowhere (n int)")
                }
            }
            #expect(error.sqlState == "25006" && error.isTransient && !error.isConnectionLost)
            #expect(try await pid(pool) != first)
        }
    }

    @Test(.timeLimit(.minutes(10))) func aTransactionThatIdledTooLongIsTransient() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let gone = DispatchSemaphore(value: 0)
            let pid = Locked(0)
            async let idle = postgresError {
                try await pool.withTransaction { session in
                    pid.withLock { $0 = (try? session.query("select pg_backend_pid()")[0].decode(Int.self)) ?? 0 }
                    try session.runScript("set local idle_in_transaction_session_timeout = 20")
                    gone.wait()
                    try session.runScript("select 1")
                }
            }
            try await eventually("the server has ended it") {
                let id = pid.withLock { $0 }
                guard id != 0 else { return false }
                return try await Server.withPool(Server.pool(size: 1)) { other in
                    try await other.withConnection { session in
                        try session.query("select from pg_stat_activity where pid = \(Int32(id))").isEmpty
                    }
                }
            }
            gone.signal()
            let error = try await idle
            #expect(error.isConnectionLost && error.isTransient && !error.isUnknownOutcome)
            #expect(try await self.pid(pool) != pid.withLock { $0 })
        }
    }

    private func pid(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select pg_backend_pid()")[0].decode(Int.self) }
    }
}
