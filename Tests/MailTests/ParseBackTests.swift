import Foundation
import Mail
import Model
import Testing

/// A parser that is not ours must read out of a mail what was put into it.
@Suite struct ParseBack {
    private static let program = """
        import email, email.policy, json, sys
        out = []
        for mail in json.load(sys.stdin):
            m = email.message_from_bytes(mail.encode('ascii'), policy=email.policy.default)
            name = lambda h: [[a.display_name, a.addr_spec] for a in m[h].addresses] if m[h] else None
            parts = {p.get_content_type(): p.get_content().replace('\\r\\n', '\\n')
                for p in m.walk() if not p.is_multipart()}
            out.append({'subject': str(m['Subject']), 'from': name('From'), 'to': name('To'),
                'date': m['Date'].datetime.isoformat(), 'id': str(m['Message-ID']), 'parts': parts,
                'order': [p.get_content_type() for p in m.walk()],
                'unsubscribe': str(m['List-Unsubscribe']), 'post': str(m['List-Unsubscribe-Post']),
                'defects': [str(d) for p in m.walk() for d in p.defects]
                    + [str(d) for h in m.keys() for v in m.get_all(h) for d in v.defects]})
        json.dump(out, sys.stdout)
        """

    private struct Parsed: Decodable {
        var subject: String
        var from: [[String]]
        var to: [[String]]
        var date: String
        var id: String
        var parts: [String: String]
        var order: [String]
        var unsubscribe: String
        var post: String
        var defects: [String]
    }

    private static let hasPython = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") }

    private static func parse(_ mails: [MailMessage]) async throws -> [Parsed] {
        let output = try await Outside.run(
            "/usr/bin/env", ["python3", "-c", program], input: JSONEncoder().encode(mails.map(encodedText)))
        return try JSONDecoder().decode([Parsed].self, from: output)
    }

    @Test(.enabled(if: hasPython, "python3 is not on this machine"))
    func aMailReadsBackAsItWasWritten() async throws {
        let subjects = [
            "Plain", "Grüße aus Köln – 50 % 日本語 und mehr, so dass es über mehrere Zeilen geht, wirklich mehrere",
            "A plain subject so long that it has to be folded at a space somewhere before the end of the line comes",
            String(repeating: "x", count: 200), "two  spaces", " edges ", "=?utf-8?Q?not_encoded?=", "😀😀😀", "a_b=c?d",
        ]
        let names = ["Anne", "Jansen, Anne", "Anne \"A\" Jansen\\", "Änne", "J. R. \"Bob\" Dobbs (x)", "a@b", "日本 太郎"]
        let body = "Line\n\n.\n..dots\nFrom me\ntrailing \nTab\t\n= € é 😀 \(String(repeating: "long ", count: 60))\nend"
        let mails = try subjects.enumerated().map { index, subject in
            try sampleMail(
                fromName: names[index % names.count], toName: names[(index + 3) % names.count], subject: subject,
                text: body, html: "<p title=\"é\">\(body)</p>",
                unsubscribe: "https://t.test/u/\(String(repeating: "k", count: 200))")
        }
        let address = try MailAddress("u+abc@b.shop.test")
        let parsed = try await Self.parse(
            mails.map { mail in
                var mail = mail
                mail.unsubscribeAddress = address
                return mail
            })
        try #require(parsed.count == mails.count)
        for (mail, found) in zip(mails, parsed) {
            #expect(found.subject == mail.subject.text)
            #expect(found.from == [[mail.from.displayName?.text ?? "", "shop@shop.test"]])
            #expect(found.to == [[mail.to.displayName?.text ?? "", "anne@example.test"]])
            #expect(found.date == "2026-03-02T09:00:00+00:00")
            #expect(found.id == mail.messageID.description)
            #expect(found.parts["text/plain"] == body + "\n")
            #expect(found.parts["text/html"] == "<p title=\"é\">\(body)</p>\n")
            #expect(found.order == ["multipart/alternative", "text/plain", "text/html"])
            #expect(
                found.unsubscribe
                    == "<\(mail.listUnsubscribe?.text ?? "")>, <mailto:\(address.address)?subject=unsubscribe>")
            #expect(found.post == "List-Unsubscribe=One-Click")
            #expect(found.defects.isEmpty)
        }
    }
}
