import ConnectionThread
import Foundation
import Postgres
import TestSupport
import Testing

/// A cancelled task begins nothing more; what runs, runs to its end, and the next user of the connection never notices.
@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    @Test func whatRunsGoesOnToItsEnd() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await Server.withTable(pool, columns: "n int8") { table in
                let (entered, enter) = AsyncStream.makeStream(of: Void.self)
                let cancelled = DispatchSemaphore(value: 0)
                let task = Task {
                    try await pool.withTransaction { session in
                        try session.execute("insert into \(identifier: table) values (1)")
                        enter.finish()
                        cancelled.wait()
                        try session.execute("insert into \(identifier: table) values (2)")
                    }
                }
                for await _ in entered {}
                task.cancel()
                cancelled.signal()
                try await task.value
                #expect(try await numbers(pool, table) == [1, 2])
            }
        }
    }

    /// Many tasks on two connections, every other one cancelled at any time.
    @Test func aStormOfCancelledTasksHitsNobodyElse() async throws {
        try await Server.withPool(Server.pool(size: 2)) { pool in
            try await Server.withTable(pool, columns: "n int8 primary key") { table in
                let ended = Ended()
                let outcomes = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
                    for number in 0..<300 {
                        group.addTask {
                            let task = Task {
                                try await pool.withTransaction(deadline: .seconds(120)) { session in
                                    try session.execute("select pg_sleep(0.001)")
                                    try session.execute("insert into \(identifier: table) values (\(number))")
                                }
                            }
                            if number.isMultiple(of: 2) {
                                // Of the 150 that are not cancelled all come to an end.
                                try await eventually("some have ended", every: .milliseconds(1)) {
                                    await ended.count >= number * 997 % 150
                                }
                                task.cancel()
                            }
                            var isDone = true
                            do { try await task.value } catch let error as PostgresError {
                                #expect(error.code == .cancelled && number.isMultiple(of: 2), "\(number): \(error)")
                                isDone = false
                            }
                            await ended.add()
                            return (number, isDone)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                // Whoever was told that it is done has its row, and whoever was refused has none.
                let done = outcomes.filter(\.1).map(\.0).sorted()
                #expect(try await numbers(pool, table) == done)
                #expect(done.count >= 150)
            }
        }
    }

    /// An operator's `pg_cancel_backend` ends one statement; the connection stays, and the next statement is its own.
    @Test func aCancelledStatementIsTransientAndTheConnectionStays() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let pid = Locked(0)
            async let slow = postgresError {
                try await pool.withConnection { session in
                    pid.withLock { $0 = (try? session.query("select pg_backend_pid()")[0].decode(Int.self)) ?? 0 }
                    try session.execute("select pg_sleep(600)")
                }
            }
            try await eventually("the statement runs") { pid.withLock { $0 } != 0 }
            let id = pid.withLock { $0 }
            try await Server.withPool(Server.pool(size: 1)) { other in
                try await eventually("it sleeps") {
                    try await other.withConnection { session in
                        try !session.query(
                            """
                            select from pg_stat_activity
                            where pid = \(Int32(id)) and state = 'active' and query like '%pg_sleep(600)%'
                            """
                        ).isEmpty
                    }
                }
                try await other.withConnection { _ = try $0.query("select pg_cancel_backend(\(Int32(id)))") }
            }
            let error = try await slow
            #expect(error.sqlState == "57014" && error.isTransient && !error.isConnectionLost)
            for number in 0..<50 {
                let (same, echo) = try await pool.withConnection { session in
                    try session.query("select pg_backend_pid(), \(number)")[0].decode((Int.self, Int.self))
                }
                #expect(same == id && echo == number)
            }
        }
    }

    private func numbers(_ pool: PostgresPool, _ table: String) async throws -> [Int] {
        try await pool.withConnection { session in
            try session.query("select n from \(identifier: table) order by n").map { try $0.decode(Int.self) }
        }
    }
}

/// How many tasks have come to an end.
private actor Ended {
    private(set) var count = 0

    func add() { count += 1 }
}
