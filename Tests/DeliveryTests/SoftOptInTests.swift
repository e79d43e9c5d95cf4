import Contracts
@testable import Delivery
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// What rests on a sale goes to whoever has bought, as the log has it.
@Suite struct SoftOptInTests {
    private static let basis =
        "basis: soft_opt_in, sale: {event: Bought, within: 10d, similar_products: tea, opt_out: a box at the checkout}"

    @Test func onlySalesOfLateThatCanBeBelievedCarryIt() async throws {
        try await Bench.with { bench in
            try await bench.apply(basis: Self.basis)
            let users = ["buyer", "public", "late", "looker", "ahead", "objector"]
            try await bench.know(users, consenting: [])
            try await bench.happen("Bought", to: "buyer", .days(20))
            try await bench.happen("Bought", to: "buyer", .days(2))
            try await bench.happen("Bought", to: "public", .days(1), trust: .publicKey)
            try await bench.happen("Bought", to: "late", .days(10))
            try await bench.happen("Looked", to: "looker", .days(1))
            try await bench.happen("Bought", to: "ahead", .hours(-1))
            try await bench.happen("Bought", to: "objector", .days(1))
            try await bench.withdraw("offers", by: "objector")
            try await bench.plan("offer", to: users, topic: "offers")
            for user in users { try await bench.send(to: user) }
            #expect(bench.sink.recipients == ["buyer@mail.example"])
            let bases = try await bench.texts("select basis::text from messages where basis is not null")
            #expect(
                try bases.map { SendBasis(json: try JSON(parsing: Array($0.utf8))) } == [
                    .sale(event: "Bought", at: Bench.start - .days(2))
                ])
            let ends = try await bench.texts(
                "select valid_until::text from messages where valid_until = \(Bench.start + .days(8))")
            #expect(ends.count == 1)
            let reasons = try await bench.texts(
                "select distinct reasons::text from messages where reasons <> 0 order by 1")
            let none = Reasons([.noConsent, .noSale])
            #expect(Set(reasons) == ["\(none.rawValue)", "\(Reasons.consentWithdrawn.rawValue)"])
        }
    }

    @Test func whatSomebodyBoughtUnderAnotherNameIsTheirs() async throws {
        try await Bench.with { bench in
            try await bench.apply(basis: Self.basis)
            try await bench.know(["anne", "visitor"], consenting: [])
            try await bench.happen("Bought", to: "visitor", .days(1))
            let (anne, visitor) = (bench.contact("anne").contact, bench.contact("visitor").contact)
            try await bench.change("update contacts set merged_into = \(anne) where contact_id = \(visitor)")
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.send(to: "anne")
            #expect(bench.sink.recipients == ["anne@mail.example"])
        }
    }

    @Test func whatAMessageWentOnIsKeptAlsoWhereSomethingElseKeepsItBack() async throws {
        try await Bench.with { bench in
            try await bench.apply("frequency_caps: [{at_most: 1, within: 1d}]\n")
            try await bench.know(["anne"])
            try await bench.plan("offer", to: ["anne"], topic: "offers")
            try await bench.plan("news", to: ["anne"], topic: "offers")
            try await bench.plan("receipt", to: ["anne"])
            try await bench.send(to: "anne")
            let rows = try await bench.texts(
                "select template || ' ' || state || ' ' || coalesce(basis ->> 'on', 'none') from messages order by 1")
            #expect(
                rows == ["news skipped consent", "offer accepted consent", "receipt accepted none"]
                    || rows == ["news accepted consent", "offer skipped consent", "receipt accepted none"])
            let since = try await bench.texts("select distinct basis ->> 'at' from messages where basis is not null")
            #expect(since.map { Timestamp(iso8601: $0) } == [Bench.start - .days(1)])
        }
    }
}
