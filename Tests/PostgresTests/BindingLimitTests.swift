import Postgres
import Testing

/// Large values and many of them, bound and copied.
@Suite struct BindingLimitTests {
    /// Every character there is but NUL, which PostgreSQL does not keep.
    private static let everyCharacter = String(
        String.UnicodeScalarView((1...0x10_FFFF).lazy.compactMap(Unicode.Scalar.init)))

    @Test func everyCharacterComesBack() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let text = Self.everyCharacter
            let (same, length, array) = try await pool.withConnection { session in
                try session.query("select \(text), length(\(text)), \([text, "", nil])")[0].decode(
                    (String.self, Int.self, [String?].self))
            }
            // Compared by bytes: Swift's == holds equal what only looks equal.
            #expect(Array(same.utf8) == Array(text.utf8))
            #expect(length == 0x10_FFFF - 2_048)
            #expect(array.map { $0.map { Array($0.utf8) } } == [Array(text.utf8), [], nil])
        }
    }

    @Test func textsThatAreEqualInUnicodeAreNotMixedUp() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let composed = "\u{E9}"
            let decomposed = "e\u{301}"
            let (equal, first, second) = try await pool.withConnection { session in
                try session.query("select \(composed) = \(decomposed), \(composed), \(decomposed)")[0].decode(
                    (Bool.self, String.self, String.self))
            }
            #expect(!equal && first.unicodeScalars.count == 1 && second.unicodeScalars.count == 2)
        }
    }

    @Test func manyBytes() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let bytes = (0..<16_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let (same, length) = try await pool.withConnection { session in
                try session.query("select \(bytes), length(\(bytes))")[0].decode(([UInt8].self, Int.self))
            }
            #expect(same == bytes && length == bytes.count)
        }
    }

    @Test func longArrays() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let numbers = (0..<200_000).map { $0.isMultiple(of: 7) ? nil : Int64($0) &* 0x1234_5678_9ABC }
            let texts = (0..<100_000).map { $0.isMultiple(of: 5) ? nil : "text \($0)" }
            let blobs = (0..<50_000).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 20) }
            let read = try await pool.withConnection { session in
                try session.query("select \(numbers), \(texts), \(blobs), cardinality(\(numbers))")[0].decode(
                    ([Int64?].self, [String?].self, [[UInt8]].self, Int.self))
            }
            #expect(read.0 == numbers)
            #expect(read.1 == texts)
            #expect(read.2 == blobs)
            #expect(read.3 == numbers.count)
        }
    }

    @Test func asManyValuesAsAStatementTakes() async throws {
        try await Server.withPool(Server.pool(size: 1)) { pool in
            for (count, fits) in [(65_535, true), (65_536, false)] {
                var interpolation = Query.StringInterpolation(literalCapacity: 0, interpolationCount: count)
                interpolation.appendLiteral("select cardinality(array[")
                for number in 0..<count {
                    if number > 0 { interpolation.appendLiteral(", ") }
                    interpolation.appendInterpolation(number)
                }
                interpolation.appendLiteral("])")
                let query = Query(stringInterpolation: interpolation)
                if fits {
                    let read = try await pool.withConnection { try $0.query(query)[0].decode(Int.self) }
                    #expect(read == count)
                } else {
                    let error = try await postgresError { try await pool.withConnection { _ = try $0.query(query) } }
                    #expect(error.code == .usage && !error.isTransient && !error.isUnknownOutcome)
                }
            }
        }
    }

    struct Limits: Sendable, Equatable {
        var whole: [Int64?]
        var small: Int16
        var middle: Int32
        var number: Double
        var text: String
        var bytes: [UInt8]
        var flag: Bool?
    }

    @Test func copiedRowsComeBackAtTheirLimits() async throws {
        let rows = [
            Limits(
                whole: [.min, nil, .max], small: .min, middle: .min, number: -.infinity, text: Self.everyCharacter,
                bytes: [UInt8](repeating: 0, count: 4_000_000), flag: nil),
            Limits(
                whole: [], small: .max, middle: .max, number: .leastNonzeroMagnitude, text: "", bytes: [], flag: true),
        ]
        try await Server.withPool(Server.pool(size: 1)) { pool in
            let read = try await pool.withTransaction { session in
                try session.runScript(
                    """
                    create temporary table copied (
                        whole int8[], small int2, middle int4, number float8, text text, bytes bytea, flag bool)
                    """)
                let columns: StaticString = "whole, small, middle, number, text, bytes, flag"
                let count = try session.copy(into: "copied", columns: columns, rows: rows) { row, value in
                    row.append(value.whole)
                    row.append(value.small)
                    row.append(value.middle)
                    row.append(value.number)
                    row.append(value.text)
                    row.append(value.bytes)
                    row.append(value.flag)
                }
                #expect(count == 2)
                return try session.query("select whole, small, middle, number, text, bytes, flag from copied").map {
                    Limits(
                        whole: try $0[0, as: [Int64?].self], small: try $0[1, as: Int16.self],
                        middle: try $0[2, as: Int32.self], number: try $0[3, as: Double.self],
                        text: try $0[4, as: String.self], bytes: try $0[5, as: [UInt8].self],
                        flag: try $0[6, as: Bool?.self])
                }
            }
            #expect(read == rows)
        }
    }
}
