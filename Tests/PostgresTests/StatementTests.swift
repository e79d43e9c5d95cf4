import Postgres
import Testing

@Suite struct StatementTests {
    @Test func theCacheIsBoundedAndStatementsAreReused() async throws {
        try await Server.withPool(Server.pool(size: 1, cache: 5)) { pool in
            try await pool.withConnection { session in
                for round in 0..<3 {
                    for number in 0..<20 {
                        let rows = try session.query("select \(round)::int8 as \(identifier: "c\(number)")")
                        #expect(try rows[0].decode(Int.self) == round)
                    }
                }
                let kept = try session.query("select count(*) from pg_prepared_statements")[0].decode(Int.self)
                #expect(kept == 5)
                for number in 0..<10 { _ = try session.query("select \(number)::int8 as same") }
                let plans = try session.query(
                    "select generic_plans + custom_plans from pg_prepared_statements where statement like '%as same'")
                let calls = try plans.map { try $0.decode(Int.self) }
                #expect(calls == [10])
            }
        }
    }

    @Test func aStatementOutlivesAChangeOfItsTable() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { session in
                try session.runScript("create temporary table changing (a int8); insert into changing values (1)")
                let all: Query = "select * from changing"
                #expect(try session.query(all)[0].count == 1)
                try session.runScript("alter table changing add b text")
                #expect(try session.query(all)[0].count == 2)
                try session.runScript("deallocate all")
                #expect(try session.query(all)[0].count == 2)
            }
        }
    }

    @Test func scriptsReportTheirFirstError() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                try await pool.withConnection { session in
                    try session.runScript("create temporary table t (n int); select 1/0; select nothing")
                }
            }
            #expect(error.sqlState == "22012")
            let exists = try await pool.withConnection { session in
                try session.query("select to_regclass('t') is not null")[0].decode(Bool.self)
            }
            #expect(!exists)
        }
    }

    @Test func affectedRows() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { session in
                try session.runScript("create temporary table t (n int8)")
                #expect(try session.execute("insert into t select generate_series(1, 5)") == 5)
                #expect(try session.execute("update t set n = n where n > \(3)") == 2)
                #expect(try session.execute("delete from t where n = \(99)") == 0)
                #expect(try session.query("select n from t where n = \(99)").isEmpty)
            }
        }
    }

    @Test func errorsSayWhereAndKeepValuesOutOfTheLog() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                try await pool.withTransaction { session in
                    try session.runScript("create temporary table people (email text, constraint one unique (email))")
                    try session.execute("insert into people values (\("anne@example.com"))")
                    try session.execute("insert into people values (\("anne@example.com"))")
                }
            }
            #expect(error.isUniqueViolation && error.constraint == "one" && error.table == "people")
            #expect(!error.description.contains("anne") && error.debugDescription.contains("anne"))
            #expect(error.description.contains("StatementTests.swift:") && !error.isTransient)
            let cast = try await postgresError {
                _ = try await pool.withConnection { try $0.execute("select \("anne@example.com")::int8") }
            }
            #expect(!cast.description.contains("anne") && cast.debugDescription.contains("anne"))
        }
    }
}
