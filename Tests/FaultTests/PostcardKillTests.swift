import Foundation
import Laboratory
import Postgres
import TestSupport
import Testing

/// Mailers die while they make postcards and hand them over: each card lies in the folder once, whole, with its address, and
/// what nobody could know is counted.
@Suite(
    .serialized,
    .enabled(if: TestEnvironment.hasChromium, "Chromium is not installed"))
struct PostcardKillTests {
    private static let files = Shop.files.merging([
        "workspace.yaml": Shop.files["workspace.yaml"]! + "\npost: {folder: true}\n",
        "journeys/first.yaml":
            "journey: first\nenter: {event: Order Completed, again: never}\nsteps: [{postcard: thanks}]\n",
        "postcards/thanks/postcard.yaml": "class: transactional\n",
        "postcards/thanks/front.html.mustache": "<p>Thank you</p>",
        "postcards/thanks/back.html.mustache": "<p>{{address.name}}<br>{{address.city}}</p>",
    ]) { $1 }.filter { !$0.key.hasPrefix("emails/receipt/") && !$0.key.hasPrefix("emails/offer/") }

    /// What customers do, with their addresses.
    private static func events(_ customers: Range<Int>) -> [[String: Any]] {
        customers.flatMap { number -> [[String: Any]] in
            Shop.customer(number, consents: []).map { event in
                guard let traits = event["traits"] as? [String: Any] else { return event }
                let address = [
                    "name": "Customer \(number)", "street": "Kade \(number)", "postal_code": "4331 CA", "city": "Veere",
                ]
                return event.merging(["traits": traits.merging(address) { $1 }]) { $1 }
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func eachCardIsMadeOnceWhereverItsMailerDies() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loods-post-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let settings = ["mailer": ["LOODS_POST_FOLDER": folder.path, "LOODS_CLAIM_LEASE": "2s"]]
        let services = ["ingest", "scoring", "scheduler", "mailer", "mailer-2"]
        try await Cluster.with(services: services, settings: settings, workspace: Self.files) { cluster in
            var customers = 0
            func more(_ count: Int) async throws {
                try await cluster.post(Self.events(customers..<customers + count))
                customers += count
            }
            // While a printer is at work.
            try await more(4)
            try await eventually("cards are in hand", within: .seconds(60)) {
                try await cluster.count("select count(*) from messages where state in ('claimed', 'handed')") > 0
            }
            try await cluster.killAndRestart("mailer")
            try await cluster.killAndRestart("mailer-2")
            try await cluster.supervised {
                for point in ["mailer.after-claim", "mailer.after-handed", "mailer.after-reply"] {
                    let before = await cluster.deaths.count
                    try await cluster.replace(["mailer", "mailer-2"], with: ["LOODS_CRASH_POINT": "\(point):1"])
                    try await more(3)
                    try await eventually("a mailer has come to \(point)", within: .seconds(60)) {
                        await cluster.deaths.count > before
                    }
                    try await cluster.replace(["mailer", "mailer-2"])
                    try await Self.settle(cluster, customers)
                }
            }
            try Self.check(
                folder.appendingPathComponent("shop"),
                accepted: try await cluster.texts("select message_id::text from messages where state = 'accepted'"),
                unknown: try await cluster.texts("select message_id::text from messages where state = 'unknown'"))
            let sent = try await cluster.count("select count(*) from events where name = 'Postcard Sent'")
            let accepted = try await cluster.count("select count(*) from messages where state = 'accepted'")
            #expect(sent == accepted)
        }
    }

    private static func settle(_ cluster: Cluster, _ customers: Int) async throws {
        try await eventually("all cards have come to their end", within: .seconds(90)) {
            try await cluster.count("select count(*) from messages where state in ('accepted', 'unknown')") == customers
        }
        #expect(try await cluster.count("select count(*) from messages") == customers)
        try await eventually("the runs are over", within: .seconds(30)) {
            try await cluster.count("select count(*) from runs where outcome = 'finished'") == customers
        }
    }

    /// A card of each, whole; of what is unknown perhaps one.
    private static func check(_ folder: URL, accepted: [String], unknown: [String]) throws {
        let all = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let names = all.filter { !($0.hasPrefix(".") && $0.hasSuffix(".part")) }
        func ids(_ kind: String) -> [String] {
            names.filter { $0.hasSuffix(".\(kind)") }.map { String($0.dropLast(kind.count + 1)) }.sorted()
        }
        #expect(ids("pdf") == ids("json") && ids("pdf").count * 2 == names.count, "\(names)")
        #expect(Set(ids("pdf")).isSuperset(of: accepted))
        #expect(Set(accepted + unknown).isSuperset(of: ids("pdf")))
        // Two presses a mailer, and one fence: no more can be between the two.
        #expect(unknown.count <= 4, "\(unknown)")
        for id in ids("pdf") {
            let pdf = try Data(contentsOf: folder.appendingPathComponent("\(id).pdf"))
            #expect(pdf.starts(with: Data("%PDF".utf8)) && pdf.suffix(8).contains(UInt8(ascii: "%")))
            let said = try JSONSerialization.jsonObject(
                with: Data(contentsOf: folder.appendingPathComponent("\(id).json")))
            #expect((said as? [String: Any])?["id"] as? String == id)
        }
    }
}
