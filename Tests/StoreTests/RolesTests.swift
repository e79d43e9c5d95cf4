import Postgres
import Schema
import Store
import TestSupport
import Testing

/// Roles belong to the server: on one of its own nothing has made them yet.
@Suite struct RolesTests {
    /// What `body` makes of a connection of its own.
    private static func with<R: Sendable>(
        _ url: String, _ body: @escaping @Sendable (PostgresSession) throws -> R
    ) async throws -> R {
        let pool = PostgresPool(
            try PostgresConfiguration(url: url, applicationName: "loods-tests", poolSize: 1),
            logger: TestEnvironment.quiet)
        let result: Result<R, any Error>
        do { result = .success(try await pool.withConnection(body)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    private static func run(_ statements: [String], at url: String) async throws {
        try await with(url) { session in
            for statement in statements { try session.runScript(TrustedSQL(trusted: statement)) }
        }
    }

    private static func migrate(_ url: String) async throws -> Migrator.Report {
        try await with(url) { session in
            try session.runScript("begin")
            let report = try Migrator.migrate(in: session)
            try session.runScript("commit")
            return report
        }
    }

    @Test func whoMayNotMakeRolesIsToldWhatToHaveRun() async throws {
        try await OwnPostgres.with { server in
            try await Self.run(
                ["create role owner login password 'secret'", "create database store owner owner"], at: server.url)
            let url = "postgres://owner:secret@127.0.0.1:\(server.port)/store"
            let refusal = await #expect(throws: SchemaError.self) { try await Self.migrate(url) }
            guard case .needsAdministrator(_, let statements) = refusal else { Issue.record("\(refusal!)"); return }
            #expect(statements.contains("create role loods_ingest") && statements.contains("grant loods_tool to owner"))
            #expect(statements.count == Role.allCases.count + 3)
            #expect("\(refusal!)".contains("  create role loods_mailer;\n"))

            try await Self.run(statements, at: server.url)
            let report = try await Self.migrate(url)
            #expect(report.after == Migrator.latest)
            // Whoever owns the store goes on as before, and the command line may act under this login.
            try await Self.with(url) { session in
                try session.runScript("begin")
                try session.execute("insert into workspaces (name, revision, created_at) values ('shop', 0, \(noon))")
                try Standing.workspace("shop").take(in: session)
                let found = try WorkspaceRegister.all(in: session)
                #expect(found.map(\.name) == ["shop"])
                try session.runScript("commit")
            }
            // A password is for an administrator to give.
            await #expect(throws: SchemaError.self) {
                try await Self.with(url) { try Roles.giveLogin(to: .reader, password: "x", in: $0) }
            }
            try await Self.with(server.url) { try Roles.giveLogin(to: .reader, password: "a'b\\\"c", in: $0) }
            let reader = "postgres://loods_reader:a%27b%5C%22c@127.0.0.1:\(server.port)/store"
            try await Self.with(reader) { session in
                #expect(try WorkspaceRegister.all(in: session) == [])
                try session.execute("set loods.workspace = 'shop'")
                #expect(try WorkspaceRegister.all(in: session).map(\.name) == ["shop"])
            }
        }
    }

    @Test func databasesOfOneServerMigrateSideBySide() async throws {
        try await OwnPostgres.with { server in
            let names = (1...4).map { "store\($0)" }
            try await Self.run(names.map { "create database \($0)" }, at: server.url)
            let reports = try await withThrowingTaskGroup(of: Migrator.Report.self) { group in
                for name in names { group.addTask { try await Self.migrate(server.url(database: name)) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.count == 4 && reports.allSatisfy { $0.after == Migrator.latest && $0.before == 0 })
        }
    }
}
