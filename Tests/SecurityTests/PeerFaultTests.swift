import Content
import Contracts
import Foundation
import HTTPTypes
import Links
import Mail
import Model
import Postgres
import Store
import TestSupport
import Testing

@testable import Ingestion
@testable import SMTP

/// What peers' faults teach, one test for each class; the number is one of theirs.
///
/// Without a subject here by now, and so without a test: SSRF and forged webhooks (nothing is fetched, no webhook comes in),
/// CSV injection (no command writes CSV), uploads and their paths (nothing is uploaded), logins, sessions and resets (there
/// is no console), and inbound mail.
@Suite struct PeerFaultTests {
    // MARK: Server-side template injection (Mautic CVE-2026-9558, CVE-2026-115189; listmonk CVE-2025-49136)

    @Test(arguments: [
        "{{env}}", "{{process.env.PATH}}", "{{contact.self}}", "{{contact.constructor}}", "{{contact.email.count}}",
        "{{contact.email.utf8}}", "{{contact.superclass}}", "{{#contact}}{{.}}{{/contact}}", "{{links.secret}}",
        "{{workspace.keys}}", "{{message.run}}", "{{contact.json}}", "{{contact.-url}}",
    ])
    func aTemplateReachesNothingButItsValues(source: String) throws {
        let values: [String: JSON] = [
            "contact": .object(["email": .string("anne@shop.example")]), "links": .object([:]),
            "workspace": .object([:]), "message": .object([:]),
        ]
        for kind in [Template.Kind.text, .html, .line] {
            guard let template = try? Template(source, as: kind) else { continue }
            #expect(try template.render(values) == "", "\(source)")
        }
    }

    @Test(arguments: [
        "{{env \"HOME\"}}", "{{>/etc/passwd}}", "{{% CONTENT_TYPE:TEXT}}", "{{{contact.email}}}", "{{&contact.email}}",
        "{{=<% %>=}}", "{{$x}}{{/x}}", "{{<x}}{{/x}}", "{{uppercased(contact.email)}}", "{{*dynamic}}",
    ])
    func whatIsMoreThanAMergeFieldIsRefused(source: String) {
        #expect(throws: TemplateError.self) { try Template(source, as: .html) }
    }

    /// A value is data, however much it looks like a template.
    @Test func aValueIsNotRenderedAgain() throws {
        let template = try EmailTemplate(subject: "Hi {{x}}", text: "{{x}}", html: "<p>{{x}}</p>")
        let mail = try template.render(["x": .string("{{secret}}{{#x}}{{/x}}"), "secret": .string("s3cret")])
        for part in [mail.subject, mail.text, mail.html ?? ""] {
            #expect(part.contains("{{secret}}") && !part.contains("s3cret"))
        }
    }

    // MARK: Header and SMTP injection (Plunk CVE-2026-34975; Nodemailer CVE-2026-82661, 82854; Commons Email CVE-2017-9801)

    private static let breaks = ["\r\n", "\n", "\r", "\0", "\u{85}", "\u{2028}", "\u{0B}", "\u{0C}", "\r\n "]

    /// The lines of a mail's header, folded ones joined.
    private func fields(_ mail: MailMessage) -> [String] {
        let text = String(decoding: mail.encoded(), as: UTF8.self)
        return text.components(separatedBy: "\r\n\r\n")[0].replacing("\r\n ", with: " ").components(separatedBy: "\r\n")
    }

    private func mail(
        fromName: String = "Shop", to: String = "anne@shop.example", replyTo: String? = nil, subject: String = "Hello",
        topic: String = "offers", unsubscribe: String = "https://shop.example/u/x", text: String = "Hello"
    ) throws -> MailMessage {
        let domain = try MailDomain("shop.example")
        return try MailMessage(
            from: MailAddress("hello@shop.example", displayName: HeaderValue(fromName)), to: MailAddress(to),
            replyTo: replyTo.map { try MailAddress($0) }, subject: HeaderValue(subject), date: Passage.start,
            messageID: MessageID(.derived("test", "m"), at: domain), text: text,
            listUnsubscribe: HeaderURL(unsubscribe), listID: ListID(topic: topic, at: domain))
    }

    @Test(arguments: breaks)
    func noFieldOfAMailBeginsAnother(lineBreak: String) throws {
        let evil = "x\(lineBreak)Bcc: eve@evil.example"
        let sound = try fields(mail()).count
        // Names and subjects, addresses, links: refused, each where it enters.
        #expect(throws: MailError.self) { try mail(fromName: evil) }
        #expect(throws: MailError.self) { try mail(subject: evil) }
        for address in [
            "anne@shop.example\(lineBreak)Bcc: eve@evil.example", "\(evil)@shop.example", "\"\(evil)\"@shop.example",
        ] {
            #expect(throws: MailError.self) { try mail(to: address) }
            #expect(throws: MailError.self) { try mail(replyTo: address) }
            #expect(throws: MailError.self) { try MailAddress(parsing: "Anne <\(address)>") }
        }
        #expect(throws: MailError.self) { try mail(unsubscribe: "https://shop.example/\(evil)") }
        // A topic becomes a label of letters and hyphens.
        let listed = try fields(mail(topic: evil))
        #expect(listed.count == sound && !listed.contains { $0.hasPrefix("Bcc") })
        // A text is the body, whatever stands in it.
        #expect(try fields(mail(text: evil)).count == sound)
        // A subject made from a contact's attributes is one line.
        let template = try EmailTemplate(subject: "Hi {{name}}", text: "Hi")
        let subject = try template.render(["name": .string(evil)]).subject
        let rendered = try fields(mail(subject: HeaderValue(cutting: subject).text))
        #expect(rendered.count == sound && rendered.contains("Subject: Hi x Bcc: eve@evil.example"))
    }

    @Test(arguments: breaks)
    func noArgumentOfACommandEndsIt(lineBreak: String) {
        let evil = "x\(lineBreak)RCPT TO:<eve@evil.example>"
        for address in [
            "\(evil)@shop.example", "anne@\(evil)", "anne@shop.example\(lineBreak)", "a@b> SIZE=1\(lineBreak)",
        ] {
            #expect(throws: SMTPError.self) { try SMTPEnvelope(from: address, to: "anne@shop.example") }
            #expect(throws: SMTPError.self) { try SMTPEnvelope(from: "", to: address) }
        }
        #expect(throws: SMTPError.self) {
            try SMTPConfiguration(host: "h", port: 25, helo: "me\(lineBreak)MAIL FROM:<>")
        }
    }

    // MARK: SMTP smuggling (Postfix CVE-2023-51764, Sendmail 51765, Exim 51766)

    private func isOneMessage(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0x0A
        for (index, byte) in bytes.enumerated() {
            // Every CR and LF is half of a pair.
            if (byte == 0x0A) != (index > 0 && bytes[index - 1] == 0x0D) { return false }
            if byte == 0x0D, index + 1 == bytes.count || bytes[index + 1] != 0x0A { return false }
            // No line is a single dot.
            if previous == 0x0A, byte == 0x2E, index + 1 < bytes.count, bytes[index + 1] != 0x2E { return false }
            previous = byte
        }
        return bytes.isEmpty || bytes.suffix(2) == [0x0D, 0x0A]
    }

    @Test(arguments: [
        "\n.\r\nMAIL FROM:<eve@evil.example>", "\r.\r\nX", "\r\n.\nX", "\n.\nX", "\r.\rX", "\n\n.\r\n\r\nX", ".\r\nX",
        "\r\n.\r\nX", "\r\n..\r\nX", "\u{0}\r\n.\r\n", "\r\r\n.\r\r\n",
    ])
    func noBodyEndsItself(text: String) {
        let body = MessageBody(Array("Hello\(text)".utf8)).bytes
        #expect(isOneMessage(body), "\(body)")
        #expect(isOneMessage(MessageBody(Array(text.utf8)).bytes))
    }

    @Test func noBytesAtAllEndThemselves() {
        var random = Dice(seed: 2026)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                ([0x0D, 0x0A, 0x2E, 0x41, 0x00, 0xFF] as [UInt8]).randomElement(using: &random)!
            }
            let body = MessageBody(bytes).bytes
            #expect(isOneMessage(body), "\(bytes) became \(body)")
        }
    }

    // MARK: Foreign ids and tenancy (WP Newsletters CVE-2026-16264, Lotus CVE-2026-115329, Mautic CVE-2018-10189)

    private func origin(_ workspace: WorkspaceID, _ name: String = "anne") -> LinkOrigin {
        LinkOrigin(
            contact: ContactKey(workspace: workspace, contact: Identity(.user, name).subjectID(in: workspace)),
            message: .derived("test", "m"))
    }

    /// Every link endpoint, with tokens that are not its own.
    @Test func noForeignTokenOpensAnything() async throws {
        try await Passage.with { passage in
            let other = try LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(1..<33))])
            let old = try LinkSigner(secrets: [LinkSecret(id: "k0", bytes: Array(0..<32))])
            let origin = origin(passage.shop)
            let links: [Link] = [
                .open(origin), .click(origin, destination: "https://shop.example/"),
                .unsubscribe(origin, topic: "offers"),
            ]
            for (index, path) in ["o", "c", "u"].enumerated() {
                var tokens = try [other, old].map { try $0.sign(links[index]) }
                // Another purpose's.
                for (other, link) in links.enumerated() where other != index {
                    tokens.append(try passage.signer.sign(link))
                }
                // The rival's workspace put into a token of the shop's, and cut, doubled and empty ones.
                let sound = try passage.signer.sign(links[index])
                var parts = sound.split(separator: ".").map(String.init)
                let rival = try passage.signer.sign(.open(self.origin(passage.rival))).split(separator: ".")
                parts[2] = String(rival[2]) + parts[2].dropFirst(rival[2].count)
                tokens += [
                    parts.joined(separator: "."), String(sound.dropLast()), sound + sound, "1.k1..", sound + "A",
                ]
                for token in tokens {
                    for method in [HTTPRequest.Method.get, .head, .post] {
                        let answer = try await passage.request(
                            "/\(path)/\(token)", method, body: "List-Unsubscribe=One-Click")
                        // An image that cannot be shown says nothing to anybody: the pixel stays a pixel. Nothing but
                        // unsubscribing is posted.
                        let expected = method == .post && path != "u" ? 405 : path == "o" ? 200 : 404
                        #expect(answer.status == expected, "\(method) /\(path)/\(token)")
                        #expect(answer.headers[.location] == nil)
                    }
                }
            }
            #expect(passage.sink.take().isEmpty)
            #expect(try await passage.texts("select topic from consents").isEmpty)
        }
    }

    /// The workspace is the credential's, whatever else a request says.
    @Test func aRequestSpeaksForItsKeysWorkspaceOnly() async throws {
        try await Passage.with { passage in
            try await passage.send(
                "identify", "{\"userId\":\"anne\",\"traits\":{\"plan\":\"free\"}}", key: "rival-server")
            let members = [
                "\"workspace\":\(passage.rival.rawValue)", "\"workspaceId\":\"rival\"", "\"writeKey\":\"rival-server\"",
                "\"workspace_id\":\(passage.rival.rawValue)", "\"context\":{\"workspace\":\"rival\"}",
            ].joined(separator: ",")
            try await passage.send("identify", "{\"userId\":\"anne\",\(members),\"traits\":{\"plan\":\"gold\"}}")
            try await passage.send(
                "batch",
                "{\(members),\"batch\":[{\"type\":\"alias\",\"userId\":\"eve\",\"previousId\":\"anne\",\(members)}]}")
            let rivals = try await passage.texts(
                """
                select concat_ws('|', c.attributes, c.merged_into is null) from contacts c
                join workspaces w on w.workspace_id = c.workspace_id where w.name = 'rival'
                """)
            #expect(rivals == ["{\"plan\": \"free\"}|t"])
            #expect(try await passage.texts("select count(distinct workspace_id)::text from event_log") == ["2"])
        }
    }

    /// Ids in links are 128 bits that nobody counts up: the next one is nobody's.
    @Test func idsAreNotCounted() {
        let ids = (0..<1000).map { Identity(.user, "u\($0)").subjectID(in: WorkspaceID(rawValue: 1)) }
        #expect(Set(ids).count == 1000)
        let near = Set(ids.map { $0.high >> 32 }).count
        #expect(near > 990, "ids that follow each other share their first 32 bits: \(near)")
    }

    // MARK: Cross-site scripting by tracked data (Mautic CVE-2022-25772, CVE-2021-27917; listmonk CVE-2026-21483)

    private static let script = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"

    @Test func whatIsTrackedIsShownAsText() async throws {
        try await Passage.with { passage in
            let token = try passage.signer.sign(.unsubscribe(origin(passage.shop), topic: Self.script))
            let shown = try await passage.request("/u/\(token)")
            let done = try await passage.request("/u/\(token)", .post, body: "confirm=yes")
            let lost = try await passage.request(
                "/c/\("<script>alert(1)</script>".addingPercentEncoding(withAllowedCharacters: .alphanumerics)!)")
            for page in [shown, done, lost] {
                #expect(page.headers[.contentType] == "text/html; charset=utf-8")
                #expect(!page.body.contains("<script") && !page.body.contains("<img"), "\(page.body)")
                #expect(page.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true)
                #expect(page.headers[.xContentTypeOptions] == "nosniff")
            }
            // What the event API repeats is JSON, and nothing that a browser would run.
            let refused = try await passage.send(
                "track", "{\"userId\":\"u\",\"event\":{\"\(Self.script.dropFirst())\":1}}")
            #expect(refused.status == 400 && !refused.body.contains("<script"))
            #expect(refused.headers[.contentType] == "application/json")
            #expect(refused.headers[.xContentTypeOptions] == "nosniff")
        }
    }

    @Test func whatIsTrackedEntersAMailAsText() throws {
        let template = try EmailTemplate(
            subject: "Hi", text: "Hi",
            html: "<a href=\"{{x}}\" title='{{x}}'>{{x}}</a><a href=\"https://a.test/?q={{x}}\">b</a>")
        for value in [Self.script, "javascript:alert(1)", "' onclick='alert(1)", "\u{202E}<b>"] {
            let html = try template.render(["x": .string(value)]).html ?? ""
            #expect(html.matches(of: /<[a-z]+/).count == 2 && !html.contains("<script"), "\(html)")
            #expect(!html.contains("href=\"javascript"), "\(html)")
            // Each attribute ends where the template ends it.
            #expect(html.matches(of: /href="[^"]*" title='[^']*'>/).count == 1, "\(html)")
        }
    }

    // MARK: SQL (Mautic CVE-2026-115190 to 115192, phpList CVE-2017-20029)

    @Test func whatIsTrackedIsNeverPartOfAStatement() async throws {
        let texts = [
            "'; drop table contacts; --", "') or 1=1 --", "\\'; select pg_sleep(10); --", "$1", "%s%n", "\"; --",
            "/* */",
            "\\x00",
        ]
        try await Passage.with { passage in
            for text in texts {
                let json = String(decoding: JSON.string(text).serialized, as: UTF8.self)
                let items = [
                    "{\"type\":\"track\",\"userId\":\(json),\"event\":\(json),\"messageId\":\(json),\"properties\":{\(json):\(json)}}",
                    "{\"type\":\"identify\",\"userId\":\(json),\"anonymousId\":\(json),\"traits\":{\(json):\(json)}}",
                    "{\"type\":\"track\",\"userId\":\(json),\"event\":\"Consent Given\",\"properties\":{\"topic\":\(json)}}",
                ]
                let answer = try await passage.send("batch", "{\"batch\":[\(items.joined(separator: ","))]}")
                #expect(answer.body == "{\"success\":true}")
                #expect(
                    try await passage.texts("select value from identities where kind = 'user' and value = \(text)")
                        == [text])
                #expect(
                    try await passage.texts("select attributes ->> \(text) from contacts where attributes ? \(text)")
                        == [text])
                #expect(try await passage.texts("select topic from consents where topic = \(text)") == [text])
            }
        }
    }

    // MARK: Credentials (listmonk CVE-2026-128333, Mautic CVE-2021-27913, phpList CVE-2020-8547)

    /// An answer that tells a revoked key from one that never was, or how near a guess is, would be an oracle.
    @Test func allWrongKeysAreAnsweredAlike() async throws {
        try await Passage.with { passage in
            let wrong = [
                "shop-revoked", "never", "shop-serve", "shop-server2", "SHOP-SERVER", "0", "null", "1e0",
                String(repeating: "x", count: 4000), "' or '1'='1",
            ]
            var answers: Set<String> = []
            for key in wrong {
                let answer = try await passage.send("track", "{\"userId\":\"u\",\"event\":\"E\"}", key: key)
                #expect(answer.status == 401)
                answers.insert(answer.body)
            }
            #expect(answers.count == 1)
            #expect(passage.sink.take().isEmpty)
        }
    }

    /// Who reads the store learns no key: only digests of 256 bits are there.
    @Test func noKeyStandsInTheStore() async throws {
        try await Passage.with { passage in
            let rows = try await passage.texts("select k::text from keys k")
            #expect(rows.count == 6 && !rows.contains { $0.contains("shop-server") })
            #expect(try await passage.texts("select distinct length(hash)::text from keys") == ["32"])
        }
    }

    // MARK: Open redirects

    @Test(arguments: [
        "//evil.example", "https:/\\evil.example", "javascript:alert(1)", "https://shop.example@evil.example/",
        "https://shop.example\r\nSet-Cookie: a=b", "https://evil\u{3002}example/", "https:evil.example", "/relative",
        "",
        "data:text/html,x", "https://\u{FF45}vil.example", "HTTPS://", "http://[::1]/", "https://a b/",
        "ftp://a.example",
    ])
    func aClickLeadsNowhereElse(destination: String) throws {
        let signer = try LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(0..<32))])
        #expect(throws: LinkError.destination) {
            try signer.sign(.click(origin(WorkspaceID(rawValue: 1)), destination: destination))
        }
    }
}
