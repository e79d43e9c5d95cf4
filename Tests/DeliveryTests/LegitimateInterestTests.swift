@testable import Delivery
import Model
import Postgres
import SendGate
import Store
import TestSupport
import Testing

/// What rests on a legitimate interest goes to whoever has not objected.
@Suite struct LegitimateInterestTests {
    /// Makes it live what the topic rests on.
    private static func rest(_ bench: Bench) async throws {
        var files = Shop.files
        let consented = "{topic: offers, "
        let settings = try #require(files["workspace.yaml"])
        try #require(settings.contains(consented))
        files["workspace.yaml"] = settings.replacing(
            consented,
            with: "{topic: offers, basis: legitimate_interest, "
                + "balancing_test: {document: LIA-7, date: 2026-03-01}, ")
        let shop = files
        try await bench.database.pool.withTransaction { session in
            let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
            _ = try Definitions.store(files: shop, for: entry, by: "test", now: Bench.start, in: session)
        }
    }

    @Test func itGoesWithoutConsentWithAWayOutAndStopsAtAnObjection() async throws {
        try await Bench.with { bench in
            try await Self.rest(bench)
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
