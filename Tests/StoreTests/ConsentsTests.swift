import Model
import Postgres
import Store
import TestSupport
import Testing

@Suite struct ConsentsTests {
    private let anne = contact("anne")

    /// What holds for Anne's newsletter after these lines, added in this order.
    private func state(after entries: [Consents.Entry]) async throws -> [Consents.Entry.State] {
        let anne = anne
        return try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                for entry in entries { try Consents.append([entry], now: noon, in: session) }
                return try Consents.current(of: [anne], in: session)[anne, default: []].map(\.state)
            }
        }
    }

    @Test func theLatestHoldsInWhateverOrderItCame() async throws {
        let lines = [
            consent(.given, of: anne, at: noon, eventID: "1"),
            consent(.withdrawn, of: anne, at: noon + .seconds(1), eventID: "2"),
            consent(.given, of: anne, at: noon + .seconds(2), eventID: "3"),
        ]
        #expect(try await state(after: lines) == [.given])
        #expect(try await state(after: lines.reversed()) == [.given])
        #expect(try await state(after: Array(lines[..<2].reversed())) == [.withdrawn])
    }

    @Test func ofTwoAtOneInstantTheWithdrawalHolds() async throws {
        let given = consent(.given, of: anne, eventID: "z")
        let withdrawn = consent(.withdrawn, of: anne, eventID: "a")
        #expect(try await state(after: [given, withdrawn]) == [.withdrawn])
        #expect(try await state(after: [withdrawn, given]) == [.withdrawn])
    }

    @Test func aLineAddedTwiceStandsOnce() async throws {
        let anne = anne
        let count: Int64 = try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                let line = consent(.given, of: anne)
                try Consents.append([line, line], now: noon, in: session)
                try Consents.append([line], now: noon + .days(1), in: session)
                return try session.value("select count(*) from consents")
            }
        }
        #expect(count == 1)
    }

    @Test func topicsAndAddressesHoldApart() async throws {
        let anne = anne
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try Consents.append(
                    [
                        consent(.given, of: anne, topic: "news", address: "Anne@Example.com"),
                        consent(.given, of: anne, topic: "offers", eventID: "1"),
                        consent(.withdrawn, of: anne, topic: "offers", eventID: "2"),
                        consent(.given, of: anne, topic: "tips", address: "old@example.com"),
                        consent(.given, of: contact("bram"), topic: "others"),
                    ], now: noon, in: session)
                let lines = try Consents.current(of: [anne], in: session)[anne, default: []]
                #expect(lines.topics(givenAt: "ANNE@example.com") == ["news"])
                #expect(lines.topics(givenAt: "old@example.com") == ["tips"])
                #expect(lines.topics(givenAt: nil) == [])
            }
        }
    }

    @Test func consentWithoutAnAddressHoldsAtAnyUntilOneIsWithdrawn() {
        let given = consent(.given, of: anne, address: "")
        #expect([given].topics(givenAt: "new@example.com") == ["newsletter"])
        let withdrawn = consent(.withdrawn, of: anne, address: "old@example.com", at: noon + .seconds(1))
        #expect([given, withdrawn].topics(givenAt: "new@example.com") == [])
        let again = consent(.given, of: anne, address: "", at: noon + .seconds(2))
        #expect([given, withdrawn, again].topics(givenAt: "new@example.com") == ["newsletter"])
    }
}
