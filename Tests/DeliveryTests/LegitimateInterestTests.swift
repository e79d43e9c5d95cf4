@testable import Delivery
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// What rests on a legitimate interest goes to whoever has not objected.
@Suite struct LegitimateInterestTests {
    @Test func itGoesWithoutConsentWithAWayOutAndStopsAtAnObjection() async throws {
        try await Bench.with { bench in
            try await bench.apply(
                basis: "basis: legitimate_interest, balancing_test: {document: LIA-7, date: 2026-03-01}")
            try await bench.know(["anne", "bob"], consenting: [])
            try await bench.withdraw("offers", by: "bob")
            try await bench.plan("offer", to: ["anne", "bob"], topic: "offers")
            try await bench.send(to: "anne")
            try await bench.send(to: "bob")
            #expect(bench.sink.recipients == ["anne@mail.example"])
            let mail = try #require(bench.sink.mails.first)
            #expect(mail.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click")
            #expect(try await bench.messages() == ["offer accepted", "offer skipped"])
            let reasons = try await bench.texts("select reasons::text from messages where reasons <> 0")
            #expect(reasons == ["\(Reasons.consentWithdrawn.rawValue)"])
        }
    }
}
