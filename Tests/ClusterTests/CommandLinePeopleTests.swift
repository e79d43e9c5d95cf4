import Foundation
import Laboratory
import Messaging
import Model
import Postgres
import Store
import Testing
import TestSupport

/// People out of a workspace and into another, and out of the world.
@Suite struct CommandLinePeopleTests {
    private static let secret = ["LOODS_ERASURE_SECRET": "a secret of these tests"]

    private static let contacts = #"""
        user_id,anonymous_ids,email,company_id,updated_at,traits.name,traits.visits,traits.note,traits.tags
        anne-4711,"[""d1"",""d2""]",anne@shop.example,acme,2026-03-01T10:00:00Z,"Anne, of course",3,'=cmd|calc,"[1,""two""]"
        bob,,bob@shop.example,,2026-03-02T10:00:00Z,"""5""",,''quoted,
        ,d9,,,2026-03-03T10:00:00Z,'-7,-7,+31 20 555 0100,true
        eve,,not an address,,2026-03-03T10:00:00Z,,,,
        ,,,,2026-03-03T10:00:00Z,nobody,,,
        kim,,Kim@Bücher.example,,2026-03-03T10:00:00Z,,,,
        """#

    private static let consents = """
        user_id,topic,address,state,at,source,wording
        anne-4711,product-news,anne@shop.example,given,2026-03-01T10:00:00Z,form,"Yes, mail me"
        anne-4711,product-news,anne@shop.example,withdrawn,2026-03-02T10:00:00Z,phone,
        bob,product-news,,given,2026-03-01T10:00:00Z,form,Yes
        bob,product-news,,given,,form,Yes
        bob,product-news,,given,2026-03-01T10:00:00Z,,
        """

    @Test(.timeLimit(.minutes(10)))
    func whatIsExportedAndImportedElsewhereIsTheSame() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(Self.contacts, to: "contacts.csv")
            try line.write(Self.consents, to: "consents.csv")
            try line.write(
                "address,reason,at\nX@Shop.example,complaint,2026-03-01T10:00:00Z\ny@shop.example,moon,\n"
                    + "z@bücher.example,all,2026-03-01T10:00:00Z\n",
                to: "suppressions.csv")
            try await scoring(line) {
                let rows = try await line.bring("contacts.csv", "contacts", exits: 1)
                #expect(
                    rows.faults == [
                        "5 email: is not an e-mail address",
                        "6 user_id: is missing, and so are anonymous_ids and emails: nobody is named",
                    ])
                let ledger = try await line.bring("consents.csv", "consents", exits: 1)
                #expect(
                    ledger.faults == [
                        "5 at: when it was given is missing", "6 source: how it was given is missing",
                    ])
                let stops = try await line.bring("suppressions.csv", "suppressions", exits: 1)
                #expect(stops.faults.first?.hasPrefix("3 reason: is none of all, ") == true)
                // Again: the same rows are the same facts.
                try await line.bring("contacts.csv", "contacts", exits: 1)
                let again = try await line.bring("suppressions.csv", "suppressions", exits: 1)
                #expect(again.object["known"] as? Int == 2)
                // A domain is one, in its own letters and as DNS knows it.
                try line.write("address,reason\nZ@XN--bcher-kva.example,marketing\n", to: "again.csv")
                #expect(try await line.bring("again.csv", "suppressions").object["known"] as? Int == 1)

                for form in ["csv", "jsonl"] {
                    let second = "second-\(form)"
                    try await line("apply", "--yes", line.path("shop"), "--workspace", second)
                    for kind in ["contacts", "consents", "suppressions"] {
                        try await line.takeOut(kind, form, of: "shop", to: "first.\(kind).\(form)")
                        try await line.bring("first.\(kind).\(form)", kind, to: second)
                        try await line.takeOut(kind, form, of: second, to: "second.\(kind).\(form)")
                        let lines = try line.lines("first.\(kind).\(form)")
                        #expect(try line.lines("second.\(kind).\(form)") == lines)
                        #expect(lines.count > (form == "csv" ? 1 : 0))
                    }
                }
            }
            let table = try line.lines("first.contacts.csv").joined(separator: "\n")
            // No cell begins as a formula does.
            #expect(table.contains("'=cmd|calc") && table.contains("'+31 20 555 0100") && table.contains("'-7"))
            let suppressed = try line.lines("first.suppressions.csv")
            #expect(suppressed.contains { $0.hasPrefix("z@xn--bcher-kva.example,all,") }, "\(suppressed)")
            for address in ["kim@bücher.example", "KIM@xn--bcher-kva.example"] {
                let kim = try await line("contacts", "show", address, "--json", "--workspace", "second-csv").object()
                #expect(kim["email"] as? String == "Kim@xn--bcher-kva.example")
            }
            let anne = try await line("contacts", "show", "anne-4711", "--json", "--workspace", "second-csv").object()
            let attributes = try #require(anne["attributes"] as? [String: Any])
            #expect(attributes["note"] as? String == "=cmd|calc")
            #expect(attributes["visits"] as? Int == 3)
            #expect((attributes["tags"] as? [Any])?.count == 2)
            let bob = try await line("contacts", "show", "bob", "--json", "--workspace", "second-csv").object()
            #expect((bob["attributes"] as? [String: Any])?["name"] as? String == "5")
            #expect((bob["attributes"] as? [String: Any])?["note"] as? String == "'quoted")
        }
    }

    @Test func aConsentNeedsItsProofAndOutdoesNoWithdrawal() async throws {
        try await Terminal.withServers { line, stage in
            try line.write("user_id,topic,state,at\nanne,product-news,given,2026-03-01T10:00:00Z\n", to: "bare.csv")
            let refusal = try await line("import", line.path("bare.csv"), "--kind", "consents", exits: 1)
            #expect(refusal.output.contains("source (how), wording (what they were told) are missing"))
            try line.write("user_id,topic,shoe,at,source,wording\n", to: "odd.csv")
            let odd = try await line("import", line.path("odd.csv"), "--kind", "consents", exits: 1)
            #expect(odd.output.contains("odd.csv:1  there is no column \"shoe\""))

            try line.write(
                """
                {"type":"identify","userId":"anne","messageId":"i","timestamp":"2026-02-01T10:00:00Z","traits":{"email":"anne@shop.example"}}
                {"type":"track","userId":"anne","event":"Consent Withdrawn","messageId":"w","timestamp":"2026-02-02T10:00:00Z","properties":{"topic":"product-news"}}
                """, to: "events.jsonl")
            try line.write(
                "user_id,topic,state,at,source,wording\nanne,product-news,given,2026-03-01T10:00:00Z,list,Yes\n"
                    + "bob,product-news,given,2026-03-01T10:00:00Z,list,Yes\n", to: "consents.csv")
            try await scoring(line) {
                try await line("import", line.path("events.jsonl"), "--wait")
                try await line.bring("consents.csv", "consents")
            }
            let key = { @Sendable (name: String) in
                ContactKey(
                    workspace: WorkspaceID(rawValue: 1),
                    contact: Identity(.user, name).subjectID(in: WorkspaceID(rawValue: 1)))
            }
            let ledger = try await stage.database.pool.withConnection {
                try Consents.current(of: [key("anne"), key("bob")], in: $0)
            }
            #expect(ledger[key("anne")]?.topics(givenAt: "anne@shop.example") == [])
            #expect(ledger[key("bob")]?.topics(givenAt: "bob@shop.example") == ["product-news"])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func anErasureLeavesNoByteInADump() async throws {
        try await Terminal.withServers { line, stage in
            try line.write(Self.contacts, to: "contacts.csv")
            try line.write(Self.consents, to: "consents.csv")
            try await scoring(line) {
                try await line.bring("contacts.csv", "contacts", exits: 1)
                try await line.bring("consents.csv", "consents", exits: 1)
                let refusal = try await line("erase", "anne-4711", "--yes", exits: 64)
                #expect(refusal.output.contains("LOODS_ERASURE_SECRET"))
                let text = try await line("erase", "anne@shop.example", "--yes", with: Self.secret)
                #expect(text.output.hasPrefix("erased; removed from "))
                #expect(!text.output.contains("anne-4711"))
                try await line("erase", "kim@xn--bcher-kva.example", "--yes", with: Self.secret)
                let kept = try await line("consent", "show", "Anne@shop.example", with: Self.secret).output
                #expect(kept.contains("product-news by email: given on consent, form"), "\(kept)")
                #expect(kept.contains("product-news by email: withdrawn, phone"), "\(kept)")
                #expect(kept.contains("wording_sha256 \(ConsentProof.hash(of: "Yes, mail me"))"), "\(kept)")
                let unasked = try await line("consent", "show", "Anne@shop.example", exits: 1)
                #expect(unasked.output.contains("with LOODS_ERASURE_SECRET"), "\(unasked.output)")
                // Given again, and from the file that still has her, nothing comes back.
                try await line("erase", "anne-4711", "--yes", with: Self.secret)
                try await line("erase", "--resume", with: Self.secret)
                try await line("erase", "nobody", "--yes", exits: 1, with: Self.secret)
                try await line("import", line.path("contacts.csv"), "--kind", "contacts", exits: 1)
                try await line("import", line.path("consents.csv"), "--kind", "consents", exits: 1)
                try await eventually("what was imported has been taken in") {
                    try await stage.broker.ready(in: .events, lane: .bulk) == 0
                }
            }
            #expect(try await stage.broker.take(from: .events, lane: .bulk).isEmpty)
            let dump = try await stage.database.dump()
            for word in ["anne-4711", "anne@shop.example", "Anne, of course", "cmd|calc", "ücher", "xn--bcher"] {
                #expect(!dump.contains(word), "\(word) is still there")
            }
            let ids = [Identity(.user, "anne-4711"), Identity(.anonymous, "d1"), Identity(.email, "anne@shop.example")]
                .map {
                    $0.subjectID(in: WorkspaceID(rawValue: 1)).description
                }
            for id in ids { #expect(!dump.contains(id)) }
            #expect(dump.contains("bob@shop.example"))
        }
    }

    private func scoring(_ line: Terminal, _ body: () async throws -> Void) async throws {
        let scoring = try ServiceProcess("scoring", environment: line.environment.merging(Self.secret) { $1 })
        try await scoring.waitUntilReady()
        try await body()
        #expect(try await scoring.terminate() == .status(0))
        #expect(!scoring.output.contains("shop.example"), "an address in the log")
    }
}

extension Terminal {
    fileprivate struct Brought {
        var object: [String: Any]

        /// The line and the reason of each row that could not be used.
        var faults: [String] {
            (object["rejections"] as? [[String: Any]] ?? []).map { "\($0["line"] ?? 0) \($0["reason"] ?? "")" }
        }
    }

    @discardableResult
    fileprivate func bring(
        _ file: String, _ kind: String, to workspace: String = "shop", exits code: Int32 = 0
    ) async throws -> Brought {
        let result = try await self(
            "import", path(file), "--kind", kind, "--wait", "--json", "--workspace", workspace, exits: code)
        return Brought(object: try result.object())
    }

    fileprivate func takeOut(_ kind: String, _ form: String, of workspace: String, to file: String) async throws {
        try await self("export", kind, "--form", form, "--output", path(file), "--workspace", workspace)
    }

    /// The lines of a file, in an order of their own.
    fileprivate func lines(_ file: String) throws -> [String] {
        try String(contentsOfFile: path(file), encoding: .utf8).split(separator: "\n").map(String.init).sorted()
    }
}

extension TestDatabase {
    /// Everything in it, as text.
    fileprivate func dump() async throws -> String {
        let programs = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").sorted()
        let program = "/usr/lib/postgresql/\(programs.last ?? "15")/bin/pg_dump"
        return try await Program.check([program, "-d", url, "--data-only", "--no-owner"])
    }
}
