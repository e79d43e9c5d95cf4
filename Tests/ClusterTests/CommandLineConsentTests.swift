import Foundation
import Laboratory
import Model
import Postgres
import Store
import Testing
import TestSupport

/// What can be proved of consents, asked at the terminal.
@Suite struct CommandLineConsentTests {
    private static let consents = """
        user_id,topic,address,state,at,source,wording,ip
        anne,offers,anne@shop.example,given,2026-03-01T10:00:00Z,form,"Yes, mail me",192.0.2.7
        bob,offers,bob@shop.example,given,2026-03-01T10:00:00Z,form,Yes,
        cor,offers,cor@shop.example,given,2026-03-01T10:00:00Z,form,Yes,
        cor,offers,cor@shop.example,withdrawn,2026-03-02T10:00:00Z,phone,,
        """

    @Test(.timeLimit(.minutes(10)))
    func theLedgerIsPrintedAndWhatLacksProofIsNamed() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(Self.consents, to: "consents.csv")
            let scoring = try ServiceProcess("scoring", environment: line.environment)
            try await scoring.waitUntilReady()
            try await line("import", line.path("consents.csv"), "--kind", "consents", "--wait")
            #expect(try await scoring.terminate() == .status(0))

            let audit = try await line("consent", "audit", exits: 1)
            #expect(audit.output.contains("bob   offers at bob@shop.example, given 2026-03-01T10:00:00"))
            #expect(audit.output.contains("nothing says where, by whom or by which device or mail"))
            #expect(audit.output.contains("of 2 consents 1 lack proof: evidence 1"), "\(audit.output)")
            #expect(!audit.output.contains("anne") && !audit.output.contains("cor@"))
            let found = try await line("consent", "audit", "--topic", "offers", "--json", exits: 1).list()
            #expect(found.count == 1)
            #expect(found.first?["name"] as? String == "bob")
            #expect(found.first?["missing"] as? [String] == ["evidence"])
            let odd = try await line("consent", "audit", "--topic", "moon", exits: 64)
            #expect(odd.output.contains("there is no topic \"moon\"; there are"))

            let cor = try await line("consent", "show", "cor")
            #expect(cor.output.contains("offers by email at cor@shop.example: given, form; superseded by what"))
            #expect(cor.output.contains("withdrawn, phone; holds"), "\(cor.output)")
            let anne = try await line("consent", "show", "anne", "--json").list()
            #expect(anne.first?["standing"] as? String == "holds")
            #expect(anne.first?["ip"] as? String == "192.0.2.7")
            #expect(anne.first?["wording_sha256"] as? String == ConsentProof.hash(of: "Yes, mail me"))
            try await line("consent", "show", "nobody", exits: 1)
        }
    }
}

extension Terminal.Result {
    /// The JSON of the output, beside which a sentence may stand.
    fileprivate func list() throws -> [[String: Any]] {
        let (start, end) = (try #require(output.firstIndex(of: "[")), try #require(output.lastIndex(of: "]")))
        let json = try JSONSerialization.jsonObject(with: Data(output[start...end].utf8))
        return try #require(json as? [[String: Any]])
    }
}
