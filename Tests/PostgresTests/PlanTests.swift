import Postgres
import Testing

/// The server keeps a plan for a prepared statement, whatever has become of its tables meanwhile.
@Suite struct PlanTests {
    @Test func aTableThatHasGrownIsSearchedByItsIndexOncePlansHaveEnded() async throws {
        #expect(try await Self.isGrownTableSearchedByIndex(planLifetime: .zero))
    }

    /// Why plans must end.
    @Test func aTableThatHasGrownIsReadWholeByThePlanOfOld() async throws {
        // Where very many others change their tables meanwhile, the server forgets all its plans.
        for _ in 0..<10 where try await !Self.isGrownTableSearchedByIndex(planLifetime: .seconds(3600)) { return }
        Issue.record("no plan outlived what it was made for")
    }

    private static func isGrownTableSearchedByIndex(planLifetime: Duration) async throws -> Bool {
        try await Server.withPool(Server.pool(size: 1, planLifetime: planLifetime)) { pool in
            try await Server.withTable(pool, columns: "n int8 primary key") { table in
                // What nobody gathers statistics of meanwhile, and is known to be empty.
                try await Server.run("alter table \(table) set (autovacuum_enabled = false); analyze \(table)")
                for number in 0..<10 { _ = try await scansByIndex(of: table, for: number, pool) }
                try await Server.run("insert into \(table) select generate_series(1, 20000)")
                return try await scansByIndex(of: table, for: 7, pool) == 1
            }
        }
    }

    /// How often the search for a number has used the index.
    private static func scansByIndex(of table: String, for number: Int, _ pool: PostgresPool) async throws -> Int {
        try await pool.withTransaction { session in
            _ = try session.query("select n from \(identifier: table) where n = \(Int64(number))")
            return try session.query(
                "select coalesce(idx_scan, 0)::int8 from pg_stat_xact_user_tables where relname = \(table)")[0]
                .decode(Int.self)
        }
    }
}
