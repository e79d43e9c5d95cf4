import Model
import Postgres
import Scores
import Store
import TestSupport
import Testing

/// Sums that were loaded are changed where they lie, and come to what they would have otherwise.
@Suite struct ScoreSumsTests {
    private let anne = contact("anne")
    private let bram = contact("bram")

    private func row(_ contact: ContactKey, _ epoch: Int64, _ amount: Int64, until: Timestamp? = nil) -> ScoreSums.Row {
        ScoreSums.Row(
            contact: contact, model: "engagement", term: ScoreTerm(epoch: epoch, amount: amount, until: until))
    }

    @Test func whatIsThereAndWhatIsNewAreBothAddedTo() async throws {
        try await TestDatabase.with { database in
            let sums = try await database.pool.withTransaction { session in
                try ScoreSums.add([row(anne, 1, 5), row(bram, 1, 7)], now: noon, in: session)
                let loaded = try ScoreSums.loadToAdd(to: [anne], in: session)
                #expect(loaded.balances[anne]?["engagement"]?.lasting == [1: 5])
                let rows = [
                    row(anne, 1, 10), row(anne, 2, 20), row(anne, 1, -3), row(bram, 1, 1),
                    row(anne, 1, 4, until: noon + .days(1)),
                ]
                try ScoreSums.add(rows, to: loaded, now: noon, in: session)
                return try ScoreSums.load(of: [anne, bram], in: session)
            }
            #expect(sums[anne]?["engagement"]?.lasting == [1: 12, 2: 20])
            #expect(sums[anne]?["engagement"]?.passing.values.map(\.self) == [4])
            #expect(sums[bram]?["engagement"]?.lasting == [1: 8])
        }
    }

    @Test func whatHasChangedSinceIsNotAddedTo() async throws {
        try await TestDatabase.with { database in
            try await database.pool.withTransaction { session in
                try ScoreSums.add([row(anne, 1, 5)], now: noon, in: session)
                let loaded = try ScoreSums.loadToAdd(to: [anne], in: session)
                try ScoreSums.clear([(anne, "engagement")], in: session)
                try ScoreSums.add([row(anne, 1, 1)], now: noon, in: session)
                #expect(throws: StoreError.self) {
                    try ScoreSums.add([row(anne, 1, 10)], to: loaded, now: noon, in: session)
                }
            }
        }
    }
}
