import Postgres
import Testing

/// A table changes while connections have statements prepared on it.
@Suite struct StaleStatementTests {
    private func selected(_ pool: PostgresPool, _ table: String) async throws -> [Int] {
        try await pool.withTransaction { session in
            // Both are stale after the change: one repeat must be enough for them.
            let all = try session.query("select * from \(identifier: table)")[0].count
            let again = try session.query("select *, 1 from \(identifier: table)")[0].count
            return [all, again]
        }
    }

    @Test func inATransactionItIsWorthRepeatingOnce() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await Server.withTable(pool, columns: "a int8") { table in
                try await Server.run("insert into \(table) values (1)")
                #expect(try await selected(pool, table) == [1, 2])
                try await Server.run("alter table \(table) add b text")
                let error = try await postgresError { _ = try await selected(pool, table) }
                #expect(error.sqlState == "0A000" && error.isStaleStatement)
                #expect(error.isWorthRepeating && error.isTransient && !error.isConnectionLost)
                #expect(try await selected(pool, table) == [2, 3])
                #expect(try await statements(pool, on: table) == 2)
            }
        }
    }

    @Test func dropped() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let answer = { @Sendable (session: PostgresSession) throws in
                try session.query("select 1::int8")[0].decode(Int.self)
            }
            _ = try await pool.withConnection(answer)
            let error = try await postgresError {
                _ = try await pool.withTransaction { session in
                    try session.runScript("deallocate all")
                    return try answer(session)
                }
            }
            #expect(error.sqlState == "26000" && error.isWorthRepeating)
            #expect(try await pool.withTransaction(answer) == 1)
        }
    }

    @Test func afterASavepointTheStatementIsPreparedAnew() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await Server.withTable(pool, columns: "a int8") { table in
                try await Server.run("insert into \(table) values (1)")
                _ = try await selected(pool, table)
                try await Server.run("alter table \(table) add b text")
                let counts = try await pool.withTransaction { session in
                    let all: Query = "select * from \(identifier: table)"
                    let first = try? session.savepoint { try session.query(all)[0].count }
                    return [first, try session.query(all)[0].count]
                }
                #expect(counts == [nil, 2])
                #expect(try await selected(pool, table) == [2, 3])
                #expect(try await statements(pool, on: table) == 2)
            }
        }
    }

    @Test func whatIsNotSupportedStaysSo() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                _ = try await pool.withTransaction { try $0.execute("select count(*) from pg_class for update") }
            }
            #expect(error.sqlState == "0A000" && !error.isStaleStatement && !error.isTransient)
        }
    }

    /// How many statements on the table the server keeps for the pool's connection.
    private func statements(_ pool: PostgresPool, on table: String) async throws -> Int {
        try await pool.withConnection { session in
            try session.query(
                """
                select count(*) from pg_prepared_statements
                where statement like '%' || \(table) || '%' and statement not like '%pg_prepared%'
                """)[0].decode(Int.self)
        }
    }
}
