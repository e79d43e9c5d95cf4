import Postgres
import Testing

@Suite struct CopyTests {
    struct Item: Sendable, Equatable {
        var key: Int64
        var name: String?
        var body: [UInt8]
        var tags: [String]
    }

    private static let items = (0..<10_000).map { number in
        Item(
            key: Int64(number), name: number % 3 == 0 ? nil : "name \(number)\t\n\\N",
            body: [UInt8](repeating: UInt8(number % 256), count: number % 50),
            tags: number % 2 == 0 ? [] : ["a", "b,}"])
    }

    private static let columns = "key int8 primary key, name text, body bytea, tags text[]"

    private func copy(_ items: [Item], _ session: PostgresSession) throws -> Int {
        try session.copy(into: "copied", columns: "key, name, body, tags", rows: items) { row, item in
            row.append(item.key)
            row.append(item.name)
            row.append(item.body)
            row.append(item.tags)
        }
    }

    @Test func tenThousandRows() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let read = try await pool.withTransaction { session in
                try session.runScript(TrustedSQL(trusted: "create temporary table copied (\(Self.columns))"))
                #expect(try copy(Self.items, session) == 10_000)
                return try session.query("select key, name, body, tags from copied order by key").map { row in
                    let (key, name, body, tags) = try row.decode(
                        (Int64.self, String?.self, [UInt8].self, [String].self))
                    return Item(key: key, name: name, body: body, tags: tags)
                }
            }
            #expect(read == Self.items)
        }
    }

    @Test func nothingToCopy() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let count = try await pool.withTransaction { session in
                try session.runScript(TrustedSQL(trusted: "create temporary table copied (\(Self.columns))"))
                return try copy([], session)
            }
            #expect(count == 0)
        }
    }

    @Test func anErrorLeavesTheConnectionUsable() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let before = try await pid(pool)
            let twice = Self.items + [Self.items[0]]
            let error = try await postgresError {
                _ = try await pool.withTransaction { session in
                    try session.runScript(TrustedSQL(trusted: "create temporary table copied (\(Self.columns))"))
                    return try copy(twice, session)
                }
            }
            #expect(error.isUniqueViolation && error.constraint == "copied_pkey" && error.table == "copied")
            let missing = try await postgresError {
                _ = try await pool.withTransaction { try copy(Self.items, $0) }
            }
            #expect(missing.sqlState == "42P01")
            let wrongType = try await postgresError {
                _ = try await pool.withTransaction { session in
                    try session.runScript("create temporary table copied (key int4)")
                    return try session.copy(into: "copied", columns: "key", rows: [1, 2]) { $0.append($1) }
                }
            }
            #expect(wrongType.sqlState?.hasPrefix("22") == true)
            #expect(try await pid(pool) == before)
        }
    }

    @Test func copyStatementsAreRefusedElsewhere() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            for sql in ["copy pg_class to stdout", "copy pg_class from stdin"] {
                let error = try await postgresError {
                    try await pool.withConnection { try $0.runScript(TrustedSQL(trusted: sql)) }
                }
                #expect(error.code == .usage)
            }
            #expect(try await pid(pool) > 0)
        }
    }

    private func pid(_ pool: PostgresPool) async throws -> Int {
        try await pool.withConnection { try $0.query("select pg_backend_pid()")[0].decode(Int.self) }
    }
}
