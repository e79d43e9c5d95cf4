import Model
import Postgres
import Store
import TestSupport
import Testing

/// Whoever is erased while a mailer makes its row of them leaves no row.
@Suite struct ErasureRaceTests {
    /// - Parameter isKnown: whether there was a row before.
    @Test(arguments: [true, false]) func whoWaitsForAnErasureMakesNoRow(isKnown: Bool) async throws {
        try await TestDatabase.with { database in
            let (pool, anne) = (database.pool, contact("anne"))
            try await pool.withTransaction { session in
                try session.make([anne])
                if isKnown { _ = try SendStates.lock([anne], in: session) }
            }
            let (gone, going) = AsyncStream.makeStream(of: Void.self)
            async let erasing: Void = pool.withTransaction { session in
                defer { going.finish() }
                for table in ["contacts", "send_state"] {
                    _ = try session.query("select erase_rows(\(table), \(anne.workspace), \([anne.contact]))")
                }
                going.yield()
                try session.waitUntilWaitedFor()
            }
            for await _ in gone { break }
            await #expect(throws: StoreError.self) {
                try await pool.withTransaction { try SendStates.lock([anne], in: $0) }
            }
            try await erasing
            #expect(try await pool.withTransaction { try SendStates.lock([anne], in: $0) }.isEmpty)
            let rows = try await pool.withConnection { try $0.query("select from send_state").count }
            #expect(rows == 0)
        }
    }
}

extension PostgresSession {
    /// Returns once another session waits for this one's transaction.
    func waitUntilWaitedFor() throws {
        let end = ContinuousClock.now + .seconds(60)
        let query: Query = "select exists (select from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid)))"
        while try !self.query(query)[0][0, as: Bool.self] {
            try #require(ContinuousClock.now < end, "nobody waits")
        }
    }
}
