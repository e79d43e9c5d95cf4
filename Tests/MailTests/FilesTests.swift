import Foundation
import Mail
import Model
import Testing

/// Images and attachments, as a parser that is not ours reads them.
@Suite struct Files {
    private static let program = """
        import base64, email, email.policy, json, sys
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
        parts = [{'type': p.get_content_type(), 'name': p.get_filename(), 'id': p['Content-ID'],
            'disposition': p.get_content_disposition(), 'bytes': base64.b64encode(p.get_payload(decode=True)).decode()}
            for p in m.walk() if not p.is_multipart()]
        json.dump({'order': [p.get_content_type() for p in m.walk()], 'parts': parts,
            'html': m.get_body(('html',)).get_content() if m.get_body(('html',)) else None,
            'defects': [str(d) for p in m.walk() for d in p.defects]
                + [str(d) for p in m.walk() for v in p.values() for d in v.defects]}, sys.stdout)
        """

    private struct Parsed: Decodable {
        struct Part: Decodable {
            var type: String
            var name: String?
            var id: String?
            var disposition: String?
            var bytes: String
        }

        var order: [String]
        var parts: [Part]
        var html: String?
        var defects: [String]
    }

    private static func parse(_ mail: MailMessage) async throws -> Parsed {
        let output = try await Outside.run("/usr/bin/env", ["python3", "-c", program], input: Data(mail.encoded()))
        return try JSONDecoder().decode(Parsed.self, from: output)
    }

    private static func file(_ name: String, bytes: Int = 200) throws -> MailFile {
        try MailFile(name: name, base64: Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0) }).base64EncodedString())
    }

    @Test func aMailHasAllThatGoesWithIt() async throws {
        var mail = try sampleMail(html: "<p><img src=\"cid:logo.png\"> <img src='cid:Größe 1.gif'></p>")
        mail.images = [try Self.file("logo.png", bytes: 1), try Self.file("Größe 1.gif"), try Self.file("unseen.png")]
        mail.attachments = [try Self.file("terms.pdf", bytes: 5000), try Self.file("empty.bin", bytes: 0)]
        let parsed = try await Self.parse(mail)
        #expect(parsed.defects.isEmpty, "\(parsed.defects)")
        #expect(
            parsed.order == [
                "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
                "image/gif", "application/pdf", "application/octet-stream",
            ])
        let files = parsed.parts.filter { $0.name != nil }
        #expect(files.map(\.name) == ["logo.png", "Größe 1.gif", "terms.pdf", "empty.bin"])
        #expect(files.map(\.disposition) == ["inline", "inline", "attachment", "attachment"])
        #expect(files.map { Data(base64Encoded: $0.bytes)?.count } == [1, 200, 5000, 0])
        // The HTML names each image as its part is named.
        for image in files.prefix(2) {
            let id = try #require(image.id).dropFirst().dropLast()
            #expect(parsed.html?.contains("cid:\(id)") == true && id.contains("@shop.test"))
        }
        #expect(parsed.html?.contains("cid:logo.png\"") == false)
    }

    @Test func attachmentsGoWithTextAlone() async throws {
        var mail = try sampleMail()
        mail.attachments = [try Self.file("a.csv")]
        #expect(try await Self.parse(mail).order == ["multipart/mixed", "text/plain", "text/csv"])
    }

    /// RFC 2231: other letters, quotes, and names longer than a line.
    @Test(arguments: [
        "plain.pdf", "with space.pdf", "quote\".pdf", "back\\slash.pdf", "Ünïcödé – 日本.pdf", "per%cent'.pdf",
        "semi;colon.pdf",
        String(repeating: "long", count: 30) + ".pdf", String(repeating: "日本語", count: 20) + ".pdf",
    ])
    func namesComeBack(_ name: String) async throws {
        var mail = try sampleMail()
        mail.attachments = [try Self.file(name)]
        let parsed = try await Self.parse(mail)
        #expect(parsed.parts.last?.name == name && parsed.defects.isEmpty)
        for line in encodedText(mail).split(separator: "\r\n") { #expect(line.utf8.count <= 78, "\(line)") }
    }

    @Test func whatIsNoFileIsRefused() {
        #expect { try MailFile(name: "a\r\nX: y", base64: "") } throws: {
            ($0 as? MailError)?.code == .controlCharacter
        }
        #expect { try MailFile(name: "a.pdf", base64: "not base64!") } throws: {
            ($0 as? MailError)?.code == .malformedFile
        }
    }
}
