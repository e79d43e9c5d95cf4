import Crypto
import Foundation
import Laboratory
import Links
import Model
import Postgres
import SMTP
import Store
import Testing
import TestSupport

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What comes back of a mail: by SMTP to the edge, by the queue to the mailer, and no further mail goes out.
@Suite struct ReturnedMailClusterTests {
    private static let tokens = try! MailTokens(
        secrets: [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))])

    /// Where the mail of a step comes back to.
    private static func address(_ step: String, _ purpose: MailTokens.Purpose, _ cluster: Cluster) async throws
        -> String
    {
        let mark = try await cluster.stage.database.pool.withConnection { session in
            let row = try session.query(
                "select workspace_id, contact_id, message_id from messages where step = \(step)")[0]
            let contact = ContactKey(
                workspace: try row[0, as: WorkspaceID.self], contact: try row[1, as: UniqueID.self])
            return MessageMark(contact: contact, message: try row[2, as: UniqueID.self])
        }
        return "\(tokens.localPart(for: mark, purpose))@bounces.shop.example"
    }

    static func report(to address: String, status: String, saying words: String, action: String = "failed") -> String {
        """
        From: MAILER-DAEMON@mx.example.com\r
        To: \(address)\r
        Subject: Undelivered Mail Returned to Sender\r
        MIME-Version: 1.0\r
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
        \r
        --b\r
        Content-Type: text/plain\r
        \r
        It could not be delivered.\r
        --b\r
        Content-Type: message/delivery-status\r
        \r
        Reporting-MTA: dns; mx.example.com\r
        \r
        Final-Recipient: rfc822; customer-1@example.com\r
        Action: \(action)\r
        Status: \(status)\r
        Diagnostic-Code: smtp; \(words)\r
        --b--\r

        """
    }

    /// - Returns: what the edge answers to the final dot.
    private static func send(_ mail: String, from: String = "", to address: String, port: Int) async throws
        -> SMTPOutcome
    {
        let pool = SMTPPool(
            try SMTPConfiguration(
                host: "127.0.0.1", port: port, encryption: .none, helo: "mx.example.com", maxConnections: 1),
            logger: TestEnvironment.quiet)
        do {
            let prepared = try await pool.prepare(try SMTPEnvelope(from: from, to: address), Array(mail.utf8))
            let outcome = await prepared.commit()
            await pool.shutdown()
            return outcome
        } catch {
            await pool.shutdown()
            return .refused(error)
        }
    }

    private static let secret = Data((0..<24).map { UInt8($0) })

    /// As a provider tells that a mail was given up.
    private static func tell(_ cluster: Cluster, of address: String) async throws -> Int? {
        let body = #"{"events": [{"type": "bounced", "return_path": "\#(address)", "status": "5.1.1"}]}"#
        let time = Int64(Date().timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("m1.\(time).\(body)".utf8), using: SymmetricKey(data: secret))
        var request = URLRequest(url: try #require(URL(string: cluster.ingest + "/v1/returns/acme")))
        (request.httpMethod, request.httpBody) = ("POST", Data(body.utf8))
        for (name, value) in [
            ("webhook-id", "m1"), ("webhook-timestamp", "\(time)"),
            ("webhook-signature", "v1,\(Data(code).base64EncodedString())"),
        ] { request.setValue(value, forHTTPHeaderField: name) }
        return (try await URLSession.shared.data(for: request).1 as? HTTPURLResponse)?.statusCode
    }

    private static func isTaken(_ outcome: SMTPOutcome) -> Bool { if case .accepted = outcome { true } else { false } }

    @Test(.timeLimit(.minutes(10)))
    func aBounceEndsMailToItsAddress() async throws {
        let port = Int(FreePort.take())
        let settings: Cluster.Settings = [
            "ingest": [
                "LOODS_RETURNS_LISTEN": "127.0.0.1:\(port)", "LOODS_HELO": "bounces.shop.example",
                "LOODS_PROVIDER_SECRETS": "acme:whsec_\(Self.secret.base64EncodedString())",
            ]
        ]
        try await Cluster.with(settings: settings, workspace: Shop.files) { cluster in
            try await cluster.post(Shop.customer(1, consents: ["offers"]))
            try await eventually("both mails arrive") { try cluster.mail.mails().count == 2 }
            let offer = try #require(try cluster.mail.mails().first { $0.text.contains("List-Unsubscribe") })
            let step = try await cluster.stage.database.pool.withConnection { session in
                try session.query("select step from messages where topic is not null")[0][0, as: String.self]
            }
            #expect(!offer.to.isEmpty)
            let address = try await Self.address(step, .bounce, cluster)
            // A guess is refused before anything is sent, and nobody is told whether it is near.
            let guess = "b+" + String(repeating: "a", count: 58) + "@bounces.shop.example"
            let refused = try await Self.send("Subject: no\r\n\r\n", to: guess, port: port)
            guard case .refused(let error) = refused else { return #expect(Bool(false), "\(refused)") }
            #expect(error.reply?.code == 550)
            // The mailer dies between reading it and the commit; the next one does it.
            try await cluster.replace(["mailer"], with: ["LOODS_CRASH_POINT": "return.before-commit"])
            let mail = Self.report(
                to: address, status: "5.1.1", saying: "550 5.1.1 <customer-1@example.com> user unknown")
            #expect(Self.isTaken(try await Self.send(mail, to: address, port: port)))
            let mailer = try await cluster.process("mailer")
            #expect(try await mailer.waitForExit() == .signal(SIGKILL))
            #expect(try await cluster.count("select count(*) from suppressions") == 0)
            try await cluster.start("mailer")
            try await eventually("the address is suppressed") {
                try await cluster.count(
                    "select count(*) from suppressions where address = 'customer-1@example.com' and reason = 'invalid-address'"
                )
                    == 1
            }
            #expect(Self.isTaken(try await Self.send(mail, to: address, port: port)), "what comes twice is taken too")
            #expect(try await Self.tell(cluster, of: address) == 200, "a provider may tell it as well")
            try await cluster.post([Shop.basket(1)])
            try await eventually("the next mail is not sent") {
                try await cluster.count("select count(*) from messages where state = 'skipped'") > 0
            }
            try await eventually("it is told once") {
                try await cluster.count(
                    "select count(*) from events where name in ('Email Bounced', 'Address Suppressed')") == 2
            }
            #expect(try cluster.mail.mails().count == 2)
            let story = try await cluster.loods("explain", "customer-1@example.com")
            #expect(
                story.contains("came back as of no such address: smtp; 550 5.1.1 <address> user unknown"), "\(story)")
            #expect(story.contains("suppressed  invalid-address, since "), "\(story)")
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aMaildirIsTakenInAndALetterUnsubscribes() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            try await cluster.post(Shop.customer(1, consents: ["offers"]))
            try await eventually("both mails arrive") { try cluster.mail.mails().count == 2 }
            let step = try await cluster.stage.database.pool.withConnection { session in
                try session.query("select step from messages where topic is not null")[0][0, as: String.self]
            }
            let address = try await Self.address(step, .unsubscribe, cluster)
            try await Terminal.with { line in
                let missing = try await cluster.command("bounces", "ingest", line.path("nowhere"), exits: 64)
                #expect(missing.contains("is no maildir: there is no new in it"))
                try line.write(
                    "Return-Path: <customer-1@example.com>\nTo: \(address)\nSubject: stop\n\nPlease.\n", to: "box/new/1"
                )
                try line.write("To: somebody@shop.example\nSubject: rope\n\nHello.\n", to: "box/new/2")
                try line.write("", to: "box/cur/0")
                let told = try await cluster.loods("bounces", "ingest", line.path("box"))
                #expect(told == "2 mails taken in: 1 of nobody, 1 unsubscribe\n")
                let names = try FileManager.default.contentsOfDirectory(atPath: line.path("box/cur")).sorted()
                #expect(names == ["0", "1:2,S", "2:2,S"])
            }
            try await eventually("consent is withdrawn") {
                try await cluster.count(
                    "select count(*) from consents where state = 'withdrawn' and source = 'mail' and topic = 'offers'")
                    == 1
            }
        }
    }
}
