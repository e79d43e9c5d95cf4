@testable import Delivery
import Expressions
import Foundation
import Model
import Postgres
import SMTP
import Store
import TestSupport
import Testing

/// Postcards by a real Chromium: two pages of A6 with bleed, to a provider or into a folder, once however often they are tried.
@Suite(.enabled(if: TestEnvironment.hasChromium, "Chromium is not installed"))
struct PostcardTests {
    private static func files(_ post: String) -> [String: String] {
        var files = Shop.files
        files["workspace.yaml"]! += "\n\(post)\n"
        files["postcards/thanks/postcard.yaml"] = "class: transactional\n"
        files["postcards/thanks/front.html.mustache"] =
            "<div style=\"height:100%;background:#1f6f54;color:#fff\">Thank you, {{contact.name}}</div>"
        files["postcards/thanks/back.html.mustache"] =
            "<p>{{address.name}}<br>{{address.street}}<br>{{address.postal_code}} {{address.city}}</p>"
        files["journeys/cards.yaml"] = "journey: cards\nenter: {event: Order Completed}\nsteps: [{postcard: thanks}]\n"
        return files
    }

    private static func with(
        _ post: String, _ body: (Bench, _ message: Message) async throws -> Void
    ) async throws {
        try await Bench.with { bench in
            try await bench.know(["anne"])
            try await bench.change(
                """
                update contacts set attributes = attributes
                    || '{"name": "<b>Anne</b>", "street": "Kade 1", "postal_code": "4331 CA", "city": "Middelburg"}'
                where workspace_id = \(bench.workspace)
                """)
            try await bench.database.pool.withTransaction { session in
                let entry = try WorkspaceRegister.lock("shop", now: Bench.start, in: session)
                _ = try Definitions.store(files: files(post), for: entry, by: "test", now: Bench.start, in: session)
            }
            let messages = try await bench.plan(
                "postcard:thanks", to: ["anne"], revision: 2, journey: "cards", step: "thanks", channel: .postcard)
            try await body(bench, messages[0])
        }
    }

    private static func send(
        _ bench: Bench, allowing hosts: Set<String> = [], folder: String? = nil,
        by chromium: String = TestEnvironment.chromium
    ) async throws {
        let mailer = try await bench.mailer(allowing: hosts)
        var settings = mailer.settings
        settings.postFolder = folder
        let carrier = CardCarrier(worker: mailer.worker, settings: settings, chromium: chromium)
        let desk = ClaimDesk(kind: .cards, worker: mailer.worker, settings: settings, store: mailer.store)
        let room = Mailroom(worker: mailer.worker, settings: settings, carrier: carrier, store: mailer.store)
        await room.send(try await desk.claim([bench.contact("anne")], withTopic: false))
        await carrier.shutdown()
        await mailer.relay.shutdown()
    }

    private static func folder() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("loods-post-\(UUID().uuidString)").path
    }

    /// Its pages, by what the file says of them last.
    private static func boxes(_ pdf: [UInt8]) -> [String] {
        String(decoding: pdf, as: UTF8.self).split(separator: "\n").filter { $0.contains("/TrimBox") }.map(String.init)
    }

    @Test func itLiesInTheFolderUnderItsID() async throws {
        let folder = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Self.with("post: {folder: true}") { bench, message in
            try await Self.send(bench, folder: folder)
            #expect(try await bench.messages() == ["postcard:thanks accepted"])
            #expect(try await bench.outcomes() == ["Postcard Sent"])
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/shop").sorted()
            #expect(names == ["\(message.id).json", "\(message.id).pdf"])
            let pdf = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/shop/\(message.id).pdf")))
            let text = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/shop/\(message.id).json")))
            let said = try JSON(parsing: text)
            #expect(
                said["address"]
                    == .object([
                        "name": .string("<b>Anne</b>"), "street": .string("Kade 1"), "postal_code": .string("4331 CA"),
                        "city": .string("Middelburg"),
                    ]))
            #expect(said["format"]?["trim_mm"] == .array([.int(105), .int(148)]))
            #expect(said["pdf"] == nil)
            #expect(Self.boxes(pdf).count == 2)
            // A mailer that died before it could say so does it again: the same card, in the same place.
            try await bench.change(
                "update messages set state = 'planned', look_at = \(Bench.start), final_at = null, handed_at = null")
            try await Self.send(bench, folder: folder)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/shop").sorted() == names)
        }
    }

    @Test func aProviderGetsItSigned() async throws {
        try await HTTPSink.with({ _, _ in .init(202) }) { sink in
            let post = """
                webhooks: [{webhook: printer, url: "http://localhost:\(sink.port)/cards"}]
                post: {webhook: printer}
                """
            try await Self.with(post) { bench, message in
                try await Self.send(bench, allowing: ["localhost:\(sink.port)"])
                #expect(try await bench.messages() == ["postcard:thanks accepted"])
                let request = try #require(sink.requests.first)
                #expect(request.headers["webhook-id"] == message.id.description)
                #expect(request.headers["webhook-signature"]?.hasPrefix("v1,") == true)
                let said = try JSON(parsing: Array(request.body.utf8))
                let pdf = try #require(said["pdf"]?.string.flatMap { Data(base64Encoded: $0) })
                #expect(pdf.starts(with: Data("%PDF-".utf8)))
                #expect(Self.boxes([UInt8](pdf)).count == 2)
                #expect(said["address"]?["city"] == .string("Middelburg"))
                #expect(said["format"]?["page_mm"] == .array([.int(111), .int(154)]))
            }
        }
    }

    @Test func whoHasNoAddressIsSentNone() async throws {
        try await Self.with("post: {folder: true}") { bench, _ in
            try await bench.change("update contacts set attributes = attributes - 'street'")
            try await Self.send(bench, folder: "/nonexistent")
            #expect(
                try await bench.texts("select concat(state, ' ', reasons) from messages") == ["skipped 32"])
            #expect(try await bench.outcomes() == ["Postcard Skipped"])
        }
    }

    /// Where cards cannot be put they wait.
    @Test func withoutAFolderItIsPutOff() async throws {
        try await Self.with("post: {folder: true}") { bench, _ in
            try await Self.send(bench)
            #expect(
                try await bench.texts("select concat(state, ' ', deferrals, ' ', reply) from messages") == [
                    "planned 0 this mailer has no LOODS_POST_FOLDER"
                ])
        }
    }

    /// However many attempts it has had: it is none of the card's faults.
    @Test(arguments: ["/proc/loods-post", "/dev/null/post"])
    func whereTheFolderCannotBeWrittenItWaits(folder: String) async throws {
        try await Self.with("post: {folder: true}") { bench, _ in
            try await bench.change("update messages set deferrals = 24")
            try await Self.send(bench, folder: folder)
            #expect(
                try await bench.texts("select concat(state, ' ', deferrals, ' ', left(reply, 11)) from messages")
                    == ["planned 24 the folder:"])
        }
    }

    @Test func withoutChromiumItWaits() async throws {
        try await Self.with("post: {folder: true}") { bench, _ in
            try await bench.change("update messages set deferrals = 24")
            try await Self.send(bench, folder: Self.folder(), by: "/usr/bin/false")
            #expect(
                try await bench.texts("select concat(state, ' ', deferrals, ' ', reply) from messages")
                    == ["planned 24 Chromium ended with 1"])
        }
    }

    /// Those of living processes are in use.
    @Test func foldersOfTheDeadAreRemoved() throws {
        let folder = URL(fileURLWithPath: Self.folder())
        defer { try? FileManager.default.removeItem(at: folder) }
        let dead = Process()
        dead.executableURL = URL(fileURLWithPath: "/bin/true")
        try dead.run()
        dead.waitUntilExit()
        for name in ["loods-card-\(dead.processIdentifier)-a", "loods-card-1-b", "loods-card-c", "other"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        CardFiles.clean(folder)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(left == ["loods-card-1-b", "loods-card-c", "other"])
    }

    // MARK: Chromium

    /// What a template might reach for is not there: files, other pages, scripts, the network.
    @Test func nothingIsFetchedAndNothingRuns() async throws {
        try await HTTPSink.with({ _, _ in .init(200) }) { sink in
            let secret = FileManager.default.temporaryDirectory.appendingPathComponent(
                "loods-secret-\(UUID().uuidString)")
            try Data("the secret of the machine".utf8).write(to: secret)
            defer { try? FileManager.default.removeItem(at: secret) }
            let plain = "<p>Front</p>"
            let reaching = """
                <p>Front</p><iframe src="\(secret.absoluteString)"></iframe><object data="\(secret.absoluteString)"></object>
                <img src="http://127.0.0.1:\(sink.port)/picture"><script>document.write("ran".repeat(500))</script>
                <link rel="stylesheet" href="http://127.0.0.1:\(sink.port)/style">
                <style>@import url(http://127.0.0.1:\(sink.port)/more)</style>
                """
            let printer = CardPrinter(program: TestEnvironment.chromium)
            let expected = try await printer.print(CardFormat.document(front: plain, back: "<p>Back</p>"))
            let found = try await printer.print(CardFormat.document(front: reaching, back: "<p>Back</p>"))
            #expect(sink.requests.isEmpty)
            // What was let in would show as glyphs of a font, or as pictures.
            #expect(found.count < expected.count + 4_000)
            #expect(PDFBoxes.adding(bleed: 3, of: CardFormat.page, to: found, pages: 2) != nil)
        }
    }

    @Test func whatTakesTooLongIsEnded() async throws {
        var printer = CardPrinter(program: "/bin/sleep")
        printer.patience = .milliseconds(200)
        // Its flags are none of sleep's: a program that ends with a fault.
        await #expect(throws: CardError.self) { _ = try await printer.print("") }
        let slow = FileManager.default.temporaryDirectory.appendingPathComponent("loods-slow-\(UUID().uuidString)")
        try Data("#!/bin/sh\nexec sleep 600\n".utf8).write(to: slow)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: slow.path)
        defer { try? FileManager.default.removeItem(at: slow) }
        printer = CardPrinter(program: slow.path, patience: .milliseconds(200))
        let start = ContinuousClock.now
        await #expect(throws: CardError.self) { _ = try await printer.print("") }
        #expect(.now - start < .seconds(60))
    }

    @Test(arguments: ["", "%PDF-1.4\n", "xref\ntrailer\n<< /Size 3 >>\nstartxref\n9\n%%EOF\n"])
    func whatIsNoPDFIsNone(text: String) {
        #expect(PDFBoxes.adding(bleed: 3, of: CardFormat.page, to: Array(text.utf8), pages: 2) == nil)
    }
}
