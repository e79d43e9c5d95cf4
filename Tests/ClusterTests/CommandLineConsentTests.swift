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

    /// Lends a command line to a store that scoring has brought these consents into.
    private static func withConsents(_ body: (Terminal, TestStage) async throws -> Void) async throws {
        try await Terminal.withServers { line, stage in
            try line.write(consents, to: "consents.csv")
            let scoring = try ServiceProcess("scoring", environment: line.environment)
            try await scoring.waitUntilReady()
            try await line("import", line.path("consents.csv"), "--kind", "consents", "--wait")
            #expect(try await scoring.terminate() == .status(0))
            try await body(line, stage)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func theLedgerIsPrintedAndWhatLacksProofIsNamed() async throws {
        try await Self.withConsents { line, _ in
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

    @Test(.timeLimit(.minutes(10)))
    func theLedgerIsSealedAndWhoeverChangesItIsFoundOut() async throws {
        try await Self.withConsents { line, stage in
            let fresh = try await line("consent", "verify")
            #expect(fresh.output.contains("the ledger of workspace shop is whole: 4 lines, as recorded"))
            #expect(fresh.output.contains("nothing is sealed yet; scoring does that each minute"), "\(fresh.output)")

            // It seals when it starts.
            let sealing = try ServiceProcess("scoring", environment: line.environment)
            try await eventually("the ledger is sealed") {
                try await stage.database.pool.withConnection { session in
                    try !session.query("select from consent_seals").isEmpty
                }
            }
            #expect(try await sealing.terminate() == .status(0))
            let sealed = try await line("consent", "verify", "--json").object()
            let head = try #require(sealed["head"] as? String)
            #expect(sealed["whole"] as? Bool == true)
            #expect(sealed["unsealed"] as? Int == 0)
            #expect(sealing.output.contains(head), "the head is not in the log")
            let kept = try await line("consent", "verify", "--head", head)
            #expect(kept.output.contains("1 seal, the last at"))
            #expect(kept.output.contains("among them the head that was kept, \(head)"), "\(kept.output)")
            let strange = String(repeating: "0", count: 64)
            let unknown = try await line("consent", "verify", "--head", strange, exits: 1)
            #expect(unknown.output.contains("no seal has the head \(strange)"))
            let short = try await line("consent", "verify", "--head", "f00", exits: 64)
            #expect(short.output.contains("--head is 64 hexadecimal digits"))

            try await stage.database.pool.withConnection { session in
                _ = try session.execute("update consents set state = 'given' where state = 'withdrawn'")
            }
            let changed = try await line("consent", "verify", exits: 1)
            #expect(changed.output.contains("offers at cor@shop.example, given 2026-03-02T10:00:00Z: the line"))
            #expect(changed.output.contains("1 line sealed at"))
            #expect(changed.output.contains("workspace shop was changed past Loods: 2 faults"), "\(changed.output)")
            let faults = try await line("consent", "verify", "--json", exits: 1).output
            #expect(faults.contains("\"kind\":\"unrecorded_line\"") && faults.contains("\"kind\":\"lines_gone\""))
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
