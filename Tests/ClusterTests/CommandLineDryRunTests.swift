import Foundation
import Laboratory
import Model
import Postgres
import TestSupport
import Testing

/// `loods dry-run` plays what happened: by what is live it comes to what came of it, and by other files to what would have.
@Suite struct CommandLineDryRunTests {
    private static func write(_ files: [String: String]) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loods-dry-\(UUID().uuidString)")
        for (path, text) in files {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return folder
    }

    @Test(.timeLimit(.minutes(10)))
    func thePastIsPlayedThroughBoth() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            for number in 1...4 {
                try await cluster.post(Shop.customer(number, consents: number % 2 == 0 ? ["offers"] : []))
            }
            try await eventually("six mails arrive, and the runs end") {
                let open = try await cluster.count("select count(*) from runs where ended_at is null")
                return try cluster.mail.mails().count == 6 && open == 0
            }
            var files = Shop.files
            files["journeys/first.yaml"] = """
                journey: first
                enter: {event: Order Completed, when: 'contact.first_name != "Nr 1"', again: never}
                steps:
                  - email: offer
                  - {if: 'consented("offers")', then: [{email: receipt}]}
                """
            let folder = try Self.write(files)
            defer { try? FileManager.default.removeItem(at: folder) }
            let told = try await cluster.loods("dry-run", folder.path, "--since", "9000d", "--json")
            let json = try JSON(parsing: Array(told.utf8))
            #expect(json["contacts"] == .int(4))
            #expect(Self.account(json["live"]) == ["entered 4", "completed 4", "offer 2 2", "receipt 4 0"])
            #expect(Self.account(json["files"]) == ["entered 3", "completed 3", "offer 2 1", "receipt 2 0"])
            #expect(json["differences"]?.array?.map { $0["contacts"] } == [.int(1), .int(2)])
            let list = folder.appendingPathComponent("who.csv")
            let text = try await cluster.loods("dry-run", folder.path, "--since", "9000d", "--who", list.path)
            #expect(text.contains("4 → 3") && text.contains("first/receipt"), "\(text)")
            #expect(text.contains("−1  first entered       customer-1@example.com"), "\(text)")
            #expect(text.contains("−2  first/receipt sent  customer-"), "\(text)")
            let lines = try String(contentsOf: list, encoding: .utf8).split(whereSeparator: \.isNewline)
            #expect(lines.first == "contact,email,journey,what,step,live,files")
            // The second and the fourth agreed to offers, so they get what they got.
            let named = Set(lines.dropFirst().map { $0.split(separator: ",").dropFirst().joined(separator: " ") })
            #expect(
                named == [
                    "customer-1@example.com first entered 1 0", "customer-1@example.com first sent receipt 1 0",
                    "customer-3@example.com first sent receipt 1 0",
                ])
            let sample = try await cluster.loods("dry-run", folder.path, "--since", "9000d", "--sample", "2", "--json")
            #expect(try JSON(parsing: Array(sample.utf8))["contacts"] == .int(2))
            // It changes nothing.
            #expect(try await cluster.count("select count(*) from runs") == 4)
            #expect(try await cluster.count("select count(*) from definitions") == 1)
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aSaleOfWhichOnlyAPublicKeyTellsIsNone() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            for number in 1...2 { try await cluster.post(Shop.customer(number, consents: [])) }
            try await eventually("the runs end") {
                try await cluster.count("select count(*) from runs where ended_at is not null") == 2
            }
            let changed = try await cluster.stage.database.pool.withConnection { session in
                try session.execute(
                    """
                    update event_log set trust = 0
                    where event_id = (select min(event_id) from event_log where name = 'Order Completed')
                    """)
            }
            #expect(changed == 1)
            let basis =
                "basis: soft_opt_in, sale: {event: Order Completed, within: 1000d, similar_products: tea, opt_out: a box}"
            let folder = try Self.write(
                Shop.files.merging([
                    "workspace.yaml": """
                    \(Shop.head)
                    topics:
                      - {topic: offers, wording: "Yes, send me offers", \(basis)}
                      - {topic: tracking, wording: "Yes, you may see what I open"}
                    """
                ]) { $1 })
            defer { try? FileManager.default.removeItem(at: folder) }
            let told = try await cluster.loods("dry-run", folder.path, "--since", "9000d", "--json")
            let json = try JSON(parsing: Array(told.utf8))
            #expect(Self.account(json["live"]) == ["entered 2", "completed 2", "offer 0 2", "receipt 2 0"])
            #expect(Self.account(json["files"]) == ["entered 2", "completed 2", "offer 1 1", "receipt 2 0"])
        }
    }

    /// Of the journey: who entered and completed it, and by e-mail how many were sent and not sent.
    private static func account(_ side: JSON?) -> [String] {
        func number(_ json: JSON?) -> Int64 { if case .int(let number)? = json { number } else { 0 } }
        let runs = side?["journeys"]?["first"]
        let mails = (side?["mails"]?.array ?? []).map { mail in
            "\(mail["step"]?.string ?? "") \(number(mail["sent"])) \(number(mail["skipped"]))"
        }
        return ["entered \(number(runs?["entered"]))", "completed \(number(runs?["completed"]))"] + mails.sorted()
    }
}
