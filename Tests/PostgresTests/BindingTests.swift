import Postgres
import Testing

/// What is bound comes back the same, at every type's limits.
@Suite struct BindingTests {
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable & Sendable>(
        _ values: [Value], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { session in
                for value in values {
                    let rows = try session.query("select \(value)")
                    #expect(try rows.first?[0, as: Value.self] == value, sourceLocation: sourceLocation)
                }
                let nulls: [Value?] = values + [nil]
                let rows = try session.query("select \(nulls), \(nulls.last!), \([Value]()), \([Value?]())")
                let read = try #require(rows.first).decode(([Value?].self, Value?.self, [Value].self, [Value?].self))
                #expect(read.0 == nulls, sourceLocation: sourceLocation)
                #expect(read.1 == nil, sourceLocation: sourceLocation)
                #expect(read.2.isEmpty && read.3.isEmpty, sourceLocation: sourceLocation)
                let unnested = try session.query("select * from unnest(\(nulls)) as value").map {
                    try $0.decode(Value?.self)
                }
                #expect(unnested == nulls, sourceLocation: sourceLocation)
            }
        }
    }

    @Test func numbers() async throws {
        try await roundTrip([true, false])
        try await roundTrip([Int16.min, -1, 0, 1, .max])
        try await roundTrip([Int32.min, -1, 0, 1, .max])
        try await roundTrip([Int64.min, -1, 0, 1, .max])
        try await roundTrip([Int.min, -1, 0, 1, .max])
        try await roundTrip([
            -Double.greatestFiniteMagnitude, -0.0, 0.1, .leastNonzeroMagnitude, .infinity, -.infinity, .pi,
        ])
    }

    @Test func notANumber() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let value = try await pool.withConnection {
                try $0.query("select \(Double.nan)").first?[0, as: Double.self]
            }
            #expect(value?.isNaN == true)
        }
    }

    @Test func text() async throws {
        try await roundTrip(["", "a", "é🙂\u{10FFFF}", "'; drop table contacts; --", "{\"a\",null}", "\\x00", "NULL"])
        try await roundTrip([String(repeating: "x", count: 3_000_000)])
    }

    @Test func bytes() async throws {
        try await roundTrip([[UInt8](), [0], Array(0...255), [UInt8](repeating: 0, count: 2_000_000)])
        try await roundTrip([JSONBytes(bytes: Array("{\"a\": [1, null, \"é\"]}".utf8)), JSONBytes(bytes: [0x30])])
    }

    @Test func theServerSeesTheTypes() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { session in
                let bytes: [UInt8] = [1, 2]
                let rows = try session.query(
                    """
                    select pg_typeof(\(bytes))::text, pg_typeof(\([bytes]))::text, pg_typeof(\(1))::text,
                        pg_typeof(\([Int16(1)]))::text, pg_typeof(\([JSONBytes]()))::text,
                        pg_typeof(\(Optional(true)))::text
                    """)
                let text = String.self
                let types = try #require(rows.first).decode((text, text, text, text, text, text))
                #expect(types == ("bytea", "bytea[]", "bigint", "smallint[]", "jsonb[]", "boolean"))
            }
        }
    }

    @Test func valuesNeverBecomeText() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let evil = "x'); drop table pg_class; select ('"
            let query: Query =
                "select \(evil) = \(evil), current_setting(\("TimeZone")) as \(identifier: "a\"b;\u{0}c")"
            #expect(query.sql == "select $1 = $2, current_setting($3) as \"a\"\"b;c\"")
            let (equal, names, zone) = try await pool.withConnection { session in
                let rows = try session.query(query)
                return (try rows[0][0, as: Bool.self], rows.columnNames, try rows[0][1, as: String.self])
            }
            #expect(equal && names[1] == "a\"b;c" && zone == "UTC")
        }
    }

    @Test func aTextWithNULIsRefusedByTheServer() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError {
                _ = try await pool.withConnection { try $0.execute("select \("a\0b")") }
            }
            #expect(error.sqlState == "22021" && !error.isTransient && !error.isConnectionLost)
        }
    }
}

/// A type of another module: PostgreSQL's uuid.
private struct Key: PostgresEncodable, PostgresDecodable, Equatable {
    var words: (UInt64, UInt64)

    static func == (left: Key, right: Key) -> Bool { left.words == right.words }

    static var postgresType: PostgresType { .uuid }

    func encode(into buffer: inout [UInt8]) {
        buffer.append(bigEndian: words.0)
        buffer.append(bigEndian: words.1)
    }

    init(_ high: UInt64, _ low: UInt64) {
        words = (high, low)
    }

    init(postgresBytes bytes: UnsafeRawBufferPointer, oid: UInt32) throws(PostgresError) {
        guard bytes.count == 16 else { throw .decoding("a uuid of \(bytes.count) bytes") }
        self.init(
            UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

@Suite struct ForeignTypeTests {
    @Test func aTypeOfAnotherModuleAndItsArrays() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            try await pool.withConnection { session in
                let key = Key(0x0011_2233_4455_6677, 0x8899_AABB_CCDD_EEFF)
                let rows = try session.query("select \(key), \(key)::text, \([key, nil])")
                let (same, text, array) = try rows[0].decode((Key.self, String.self, [Key?].self))
                #expect(same == key && text == "00112233-4455-6677-8899-aabbccddeeff" && array == [key, nil])
            }
        }
    }
}

@Suite struct DecodingTests {
    private func decodingError(_ body: @escaping @Sendable (PostgresSession) throws -> Void) async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let error = try await postgresError { try await pool.withConnection(body) }
            #expect(error.code == .decoding && !error.isTransient)
        }
    }

    @Test func whatDoesNotFitIsAnError() async throws {
        try await decodingError { _ = try $0.query("select null::int8")[0][0, as: Int64.self] }
        try await decodingError { _ = try $0.query("select 1::int8")[0][0, as: Int32.self] }
        try await decodingError { _ = try $0.query("select 'a'")[0][0, as: Int64.self] }
        try await decodingError { _ = try $0.query("select 1::numeric")[0][0, as: Int64.self] }
        try await decodingError { _ = try $0.query("select 1::int8")[0][1, as: Int64.self] }
        try await decodingError { _ = try $0.query("select 1::int8, 2")[0].decode(Int64.self) }
        try await decodingError { _ = try $0.query("select array['a']")[0].decode([Int64].self) }
        try await decodingError { _ = try $0.query("select '{{1,2},{3,4}}'::int8[]")[0].decode([Int64].self) }
        try await decodingError { _ = try $0.query("select 1::int8")[0].decode([Int64].self) }
    }

    @Test func smallerNumbersWiden() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let (a, b, c) = try await pool.withConnection { session in
                try session.query("select 1::int2, 2::int4, 1.5::float4")[0].decode((Int.self, Int64.self, Double.self))
            }
            #expect((a, b, c) == (1, 2, 1.5))
        }
    }
}
