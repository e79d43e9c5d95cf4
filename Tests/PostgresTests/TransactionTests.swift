import Foundation
import Postgres
import Testing

@Suite struct TransactionTests {
    struct Refusal: Error {}

    @Test func aThrowingBodyRollsBack() async throws {
        try await Server.withPool(Server.pool()) { pool in
            try await Server.withTable(pool, columns: "n int8") { table in
                await #expect(throws: Refusal.self) {
                    try await pool.withTransaction { session in
                        try session.execute("insert into \(identifier: table) values (\(1))")
                        throw Refusal()
                    }
                }
                #expect(try await count(pool, table) == 0)
                let inserted = try await pool.withTransaction { session in
                    try session.execute("insert into \(identifier: table) select unnest(\([1, 2, 3]))")
                }
                #expect(inserted == 3)
                #expect(try await count(pool, table) == 3)
            }
        }
    }

    @Test func aSwallowedErrorIsNotReportedAsACommit() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                try await pool.withTransaction { session in _ = try? session.query("select 1/0") }
            }
            #expect(error.code == .usage && !error.isUnknownOutcome)
            #expect(try await one(pool) == 1)
        }
    }

    @Test func aSavepointUndoesOnlyItsPart() async throws {
        try await Server.withPool(Server.pool()) { pool in
            try await Server.withTable(pool, columns: "n int8 primary key") { table in
                try await pool.withTransaction { session in
                    try session.execute("insert into \(identifier: table) values (1)")
                    _ = try? session.savepoint {
                        try session.execute("insert into \(identifier: table) values (2)")
                        try session.execute("insert into \(identifier: table) values (1)")
                    }
                    try session.savepoint {
                        try session.execute("insert into \(identifier: table) values (3)")
                        _ = try? session.savepoint { _ = try session.query("select 1/0") }
                        try session.execute("insert into \(identifier: table) values (4)")
                    }
                }
                let numbers = try await pool.withConnection { session in
                    try session.query("select n from \(identifier: table) order by n").map { try $0.decode(Int.self) }
                }
                #expect(numbers == [1, 3, 4])
            }
        }
    }

    @Test func fiftyTasksOnTwoConnectionsDoNotInterleave() async throws {
        try await Server.withPool(Server.pool(size: 2)) { pool in
            try await Server.withTable(pool, columns: "n int8") { table in
                try await pool.withConnection { _ = try $0.execute("insert into \(identifier: table) values (0)") }
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            try await pool.withTransaction { session in
                                // Each transaction must see only itself between its first and its last statement.
                                let first = try session.query("select pg_current_xact_id()::text")[0]
                                let n = try session.query("select n from \(identifier: table) for update")[0]
                                try session.execute(
                                    "update \(identifier: table) set n = \(n[0, as: Int.self] + 1)")
                                let last = try session.query("select pg_current_xact_id()::text")[0]
                                return try first.decode(String.self) == last.decode(String.self)
                            }
                        }
                    }
                    for try await isSame in group { #expect(isSame) }
                }
                #expect(try await sum(pool, table) == 50)
            }
        }
    }

    @Test func aTransactionLeftOpenIsRolledBack() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { try $0.runScript("begin; create temporary table gone (n int)") }
            let exists = try await pool.withConnection { session in
                try session.query("select to_regclass('gone') is not null")[0].decode(Bool.self)
            }
            #expect(!exists)
        }
    }

    @Test func isolationAndSettings() async throws {
        try await Server.withPool(Server.pool(statementTimeout: .seconds(7), lockTimeout: .milliseconds(1_500))) {
            pool in
            let settings = try await pool.withTransaction(statementTimeout: .milliseconds(1_234)) { session in
                try [
                    "transaction_isolation", "statement_timeout", "lock_timeout", "TimeZone", "client_encoding",
                    "application_name",
                ].map { try session.query("select current_setting(\($0))")[0].decode(String.self) }
            }
            #expect(settings == ["read committed", "1234ms", "1500ms", "UTC", "UTF8", "postgres-tests"])
            let after = try await pool.withConnection { session in
                try session.query("select current_setting('statement_timeout')")[0].decode(String.self)
            }
            #expect(after == "7s")
            let during = try await pool.withConnection(statementTimeout: .zero) { session in
                try session.query("select current_setting('statement_timeout')")[0].decode(String.self)
            }
            #expect(during == "0")
            let again = try await pool.withConnection { session in
                try session.query("select current_setting('statement_timeout')")[0].decode(String.self)
            }
            #expect(again == "7s")
        }
    }

    private func count(_ pool: PostgresPool, _ table: String) async throws -> Int {
        try await pool.withConnection { session in
            try session.query("select count(*) from \(identifier: table)")[0].decode(Int.self)
        }
    }

    private func sum(_ pool: PostgresPool, _ table: String) async throws -> Int {
        try await pool.withConnection { session in
            try session.query("select sum(n)::int8 from \(identifier: table)")[0].decode(Int.self)
        }
    }

    private func one(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select 1::int8")[0].decode(Int.self) }
    }
}
