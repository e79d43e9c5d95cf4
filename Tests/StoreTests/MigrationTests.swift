import Model
import Postgres
import Schema
import Store
import TestSupport
import Testing

@Suite struct MigrationTests {
    @Test func ofEightThatStartTogetherOneMigrates() async throws {
        try await TestDatabase.withEmpty { database in
            let reports = try await withThrowingTaskGroup(of: Migrator.Report.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await database.pool.withTransaction { try Migrator.migrate(in: $0) } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.filter { !$0.applied.isEmpty }.count == 1)
            let steps = try await database.pool.withConnection {
                try $0.query("select count(*) from schema_migrations")[0][0, as: Int64.self]
            }
            #expect(steps >= 2 && reports.flatMap(\.applied).count == Int(steps))
            #expect(reports.allSatisfy { $0.after == Migrator.latest })
            #expect(reports.filter { $0.before == 0 }.count == 1)
            let version = try await database.pool.withConnection { try Migrator.version(in: $0) }
            #expect(version == Migrator.latest)
        }
    }

    @Test func anEmptyDatabaseHasNoVersionAndNoClock() async throws {
        try await TestDatabase.withEmpty { database in
            let version = try await database.pool.withConnection { try Migrator.version(in: $0) }
            #expect(version == nil)
            _ = try await database.pool.withTransaction { try Migrator.migrate(in: $0) }
            await #expect(throws: StoreError.self) {
                try await database.pool.withTransaction { try DomainClock.read(in: $0) }
            }
        }
    }

    @Test func anEditedStepIsRefused() async throws {
        try await TestDatabase.with { database in
            _ = try await database.pool.withConnection {
                try $0.execute("update schema_migrations set digest = 'other' where number = 1")
            }
            await #expect(throws: SchemaError.edited(1)) {
                try await database.pool.withTransaction { try Migrator.migrate(in: $0) }
            }
        }
    }

    @Test func aNewerDatabaseIsRefusedAndLeftAlone() async throws {
        try await TestDatabase.with { database in
            let newer = Migrator.latest + 1
            _ = try await database.pool.withConnection {
                try $0.execute(
                    """
                    insert into schema_migrations (number, name, digest, applied_at)
                    values (\(newer), 'future', 'digest', \(noon))
                    """)
            }
            await #expect(throws: SchemaError.newer(database: newer, build: Migrator.latest)) {
                try await database.pool.withTransaction { try Migrator.migrate(in: $0) }
            }
            let version = try await database.pool.withConnection { try Migrator.version(in: $0) }
            #expect(version == newer)
        }
    }
}
