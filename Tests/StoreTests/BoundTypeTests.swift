import Model
import Postgres
import Store
import TestSupport
import Testing

/// The store's own types come back as they were bound, at their limits too.
@Suite struct BoundTypeTests {
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable & Sendable>(
        _ values: [Value], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await TestDatabase.withEmpty { database in
            let nulls: [Value?] = values + [nil]
            let (alone, together) = try await database.pool.withConnection { session in
                let alone = try values.map { try session.query("select \($0)")[0].decode(Value.self) }
                return (alone, try session.query("select \(nulls)")[0].decode([Value?].self))
            }
            #expect(alone == values, sourceLocation: sourceLocation)
            #expect(together == nulls, sourceLocation: sourceLocation)
        }
    }

    /// The first microsecond that PostgreSQL can tell.
    private static let first = Timestamp(microseconds: -211_813_488_000_000_000 + 946_684_800_000_000)

    @Test func timesAtTheBounds() async throws {
        try await roundTrip([
            Timestamp(microseconds: .min), Self.first, .distantPast, Timestamp(microseconds: -1),
            Timestamp(microseconds: 0), Timestamp(microseconds: 1), Timestamp(microseconds: 946_684_799_999_999),
            Timestamp(microseconds: 946_684_800_000_000), .distantFuture, Timestamp(microseconds: .max),
        ])
    }

    @Test func theServerReadsThemAsMeant() async throws {
        try await TestDatabase.withEmpty { database in
            let texts = try await database.pool.withConnection { session in
                try [
                    Timestamp(microseconds: .min), Timestamp(microseconds: Self.first.microseconds - 1), Self.first,
                    Timestamp(microseconds: 0), Timestamp(microseconds: .max),
                ].map { try session.query("select \($0)::text")[0].decode(String.self) }
            }
            #expect(
                texts == [
                    "-infinity", "-infinity", "4714-11-24 00:00:00+00 BC", "1970-01-01 00:00:00+00",
                    "294247-01-10 04:00:54.775807+00",
                ])
        }
    }

    @Test func whatIsBeyondOursIsTheLastThereIs() async throws {
        try await TestDatabase.withEmpty { database in
            let times = try await database.pool.withConnection { session in
                try session.query(
                    """
                    select 'infinity'::timestamptz, '-infinity'::timestamptz,
                        '294276-12-31 23:59:59.999999+00'::timestamptz
                    """)[0].decode((Timestamp.self, Timestamp.self, Timestamp.self))
            }
            #expect(times.0 == Timestamp(microseconds: .max) && times.1 == Timestamp(microseconds: .min))
            #expect(times.2 == Timestamp(microseconds: .max))
        }
    }

    @Test func idsAndWorkspaces() async throws {
        try await roundTrip([
            UniqueID(high: 0, low: 0), UniqueID(high: .max, low: .max), UniqueID(high: 1, low: 1 << 63),
        ])
        try await roundTrip([WorkspaceID(rawValue: .min), WorkspaceID(rawValue: 0), WorkspaceID(rawValue: .max)])
    }

    @Test func jsonOfEveryKind() async throws {
        // As deep as Loods reads.
        let deep = (0..<31).reduce(JSON.null) { inner, _ in .array([inner]) }
        let awkward = "\u{1}\u{7F}\u{85}\u{2028}\u{FEFF}\u{FFFE}\u{FFFF}\u{10FFFF}\"\\/é🙂"
        try await roundTrip(
            [
                .null, .bool(true), .int(.min), .int(.max), .double(0.1), .double(-.leastNonzeroMagnitude), .string(""),
                .string(awkward),
                .array([]), .object([:]), deep, .object(["": .null, awkward: .array([.int(0), .string(awkward)])]),
                .array(Array(repeating: .string(awkward), count: 50_000)),
            ] as [JSON])
    }
}
