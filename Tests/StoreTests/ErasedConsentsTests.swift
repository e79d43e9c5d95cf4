import Model
import Postgres
import Store
import TestSupport
import Testing

/// What stays of the ledger of somebody who was erased.
@Suite struct ErasedConsentsTests {
    private static let key = ErasureKey("a secret of these tests")!
    private static let address = "anne@private.example"
    /// Everything by which she could be found.
    private static let words = [
        "anne-4711", "private.example", "Annelies", "192.0.2.7", "Firefox", "shop.example/anne", "clerk-7", "order-99",
        "event-of-anne",
    ]

    /// Anne's ledger: a double opt-in with all its proof, and its withdrawal.
    private static func ledger(_ anne: ContactKey) -> [Consents.Entry] {
        var given = Consents.Entry(
            contact: anne, topic: "offers", address: address, at: noon, eventID: "event-of-anne", state: .given,
            wording: "Yes, mail me", source: "form")
        let stated: [(ConsentProof.Member, String)] = [
            (.version, "3"), (.language, "nl"), (.notice, "2026-01"), (.ip, "192.0.2.7"),
            (.userAgent, "Firefox"), (.url, "https://shop.example/anne"), (.actor, "clerk-7"),
            (.confirmedAt, "2026-03-02T10:00:00Z"), (.requestID, "event-of-anne"),
        ]
        for (member, text) in stated { given.proof[member] = text }
        var sold = Consents.Entry(
            contact: anne, topic: "news", address: "", at: noon + .seconds(1), eventID: "event-of-anne-2",
            state: .given, wording: nil, source: "Annelies told clerk-7")
        sold.proof[.saleID] = "order-99"
        let withdrawn = Consents.Entry(
            contact: anne, topic: "offers", address: address, at: noon + .days(2), eventID: "event-of-anne-3",
            state: .withdrawn, wording: nil, source: "one-click")
        return [given, sold, withdrawn]
    }

    private static func know(_ anne: ContactKey, _ session: PostgresSession) throws {
        try session.make([anne])
        try Consents.append(ledger(anne), now: noon, in: session)
        try session.execute(
            """
            update contacts set attributes = \(JSON.object(["email": .string(address), "name": .string("Annelies")]))
            where contact_id = \(anne.contact)
            """)
    }

    private static func erase(_ anne: ContactKey, _ id: String, _ pool: PostgresPool) async throws {
        _ = try await pool.withTransaction { session in
            try Standing.cell.take(in: session)
            return try Erasures.begin(
                with: anne, by: key, askedBy: "test", id: .derived(id), now: noon + .days(3), in: session)
        }
    }

    private static func found(_ address: String, _ pool: PostgresPool) async throws -> [ErasedConsent] {
        try await pool.withTransaction { try ErasedConsents.of(address, in: shop, by: key, session: $0) }
    }

    @Test func whoeverNamesTheAddressFindsTheProofAndNothingPersonalIsLeft() async throws {
        try await TestDatabase.with { database in
            let (pool, anne) = (database.pool, contact("anne-4711"))
            try await pool.withTransaction { try Self.know(anne, $0) }
            #expect(try await Self.found(Self.address, pool).isEmpty)
            try await Self.erase(anne, "first", pool)

            let found = try await Self.found("Anne@Private.example", pool)
            #expect(found.map(\.topic) == ["offers", "news", "offers"])
            #expect(found.map(\.state) == [.given, .given, .withdrawn])
            #expect(found.map(\.basis) == ["consent", "soft opt-in", nil])
            #expect(found.map(\.means) == ["form", ErasedConsents.withheld, "one-click"])
            let given = try #require(found.first)
            #expect(given.at == noon)
            #expect(given.proof[.wordingHash] == ConsentProof.hash(of: "Yes, mail me"))
            #expect(Set(given.proof.members.keys) == [.version, .language, .notice, .confirmedAt, .wordingHash])
            #expect(given.erasedAt == noon + .days(3))
            #expect(given.keepUntil == noon + .days(3) + ErasedConsents.term)

            let rows = try await pool.withConnection { session in
                try session.query("select row_to_json(e)::text from erased_consents e").map {
                    try $0[0, as: String.self]
                }
            }
            #expect(rows.count == 3)
            for word in Self.words + [anne.contact.description, "Yes, mail me"] {
                #expect(!rows.contains { $0.lowercased().contains(word.lowercased()) }, "\(word) is still there")
            }
            #expect(try await Self.found("bob@private.example", pool).isEmpty)
        }
    }

    /// As after a restore of the store to a time before.
    @Test func erasedAgainTheProofStandsOnce() async throws {
        try await TestDatabase.with { database in
            let (pool, anne) = (database.pool, contact("anne-4711"))
            for round in ["first", "again"] {
                try await pool.withTransaction { try Self.know(anne, $0) }
                try await Self.erase(anne, round, pool)
            }
            #expect(try await Self.found(Self.address, pool).count == 3)
        }
    }

    @Test func theProofGoesWhenItsTimeIsOver() async throws {
        try await TestDatabase.with { database in
            let (pool, anne) = (database.pool, contact("anne-4711"))
            try await pool.withTransaction { try Self.know(anne, $0) }
            try await Self.erase(anne, "first", pool)
            let end = noon + .days(3) + ErasedConsents.term
            let gone = try await pool.withTransaction { session in
                try [end - .seconds(1), end, end].map { try ErasedConsents.forget(at: $0, limit: 2, in: session) }
            }
            #expect(gone == [0, 2, 1])
            #expect(try await Self.found(Self.address, pool).isEmpty)
        }
    }

    @Test func anotherKeyIsToldFromNoProof() async throws {
        try await TestDatabase.with { database in
            let (pool, anne) = (database.pool, contact("anne-4711"))
            try await pool.withTransaction { try Self.know(anne, $0) }
            try await Self.erase(anne, "first", pool)
            let other = try #require(ErasureKey("another secret of 16"))
            await #expect(throws: StoreError.self) {
                try await pool.withTransaction {
                    try ErasedConsents.of(Self.address, in: shop, by: other, session: $0)
                }
            }
        }
    }
}
