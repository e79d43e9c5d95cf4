import Foundation
import Mail
import Model
import Testing

/// Verifiers that are not ours take our signatures, each by itself, and none of what was changed.
@Suite struct Verification {
    private static let environment = ProcessInfo.processInfo.environment
    static let dkimpy = environment["LOODS_TEST_DKIMPY"]
    private static let openDKIM = environment["LOODS_TEST_OPENDKIM"]

    static let identities = [(selector: "k1", pem: SampleKeys.rsa), (selector: "e1", pem: SampleKeys.ed25519)]

    /// Mails of all shapes that we make.
    static func mails(to: String = "anne@example.test") throws -> [MailMessage] {
        let long = String(repeating: "A long line, with  two spaces\tand a tab. ", count: 40)
        var mails = [
            try sampleMail(to: to), try sampleMail(to: to, text: "\n\n \nx\n \n\n"), try sampleMail(to: to, text: "."),
            try sampleMail(
                to: to,
                subject: "two  spaces – and ünïcödé, so long that it is folded over a line or even two of them"),
            try sampleMail(
                to: to, text: long, html: "<p><img src=\"cid:logo.png\">\(long)</p>\n\n\n",
                unsubscribe: "https://t.shop.test/u/1.k.abc"),
        ]
        mails[4].replyTo = try MailAddress("help@shop.test")
        mails[4].listID = ListID(try MailDomain("news.shop.test"), description: try HeaderValue("Shop: news"))
        mails[4].autoSubmitted = .generated
        mails[4].images = [try MailFile(name: "logo.png", base64: "iVBORw0KGgo=")]
        mails[4].attachments = [try MailFile(name: "Größe – 1.pdf", base64: String(repeating: "AAAA", count: 500))]
        return mails
    }

    private static func record(_ selector: String, _ pem: String) throws -> DKIMRecord {
        DKIMRecord(try DKIMSelector(selector), try MailDomain("shop.test"), try DKIMKey(pem: pem))
    }

    /// What nobody may do to a signed mail.
    private static let forgeries: [(String, String)] = [
        ("\r\nSubject: ", "\r\nSubject: Re: "), ("\r\nFrom: ", "\r\nFrom: evil@shop.test\r\nFrom: "),
        ("\r\nTo: ", "\r\nSubject: another\r\nTo: "), ("\r\nTo: ", "\r\nReply-To: evil@x.test\r\nTo: "),
        ("\r\nTo: ", "\r\nList-Unsubscribe: <https://evil.test>\r\nTo: "),
        ("\r\nMIME-Version: ", "\r\nFeedback-ID: a:b:c:d\r\nMIME-Version: "),
        ("\r\nMIME-Version: ", "\r\nContent-Type: text/html\r\nMIME-Version: "), ("Hello", "Hullo"),
    ]

    // MARK: dkimpy

    private static let program = """
        import dkim, json, sys
        given = json.load(sys.stdin)
        def dns(name, timeout=5): return given['records'].get(name.decode().rstrip('.'), '').encode()
        def verdicts(mail):
            mail = mail.encode()
            count = sum(1 for line in mail.split(b'\\r\\n\\r\\n')[0].split(b'\\r\\n') if line.startswith(b'DKIM-Signature'))
            found = []
            for index in range(count):
                try: found.append(bool(dkim.DKIM(mail).verify(idx=index, dnsfunc=dns)))
                except dkim.DKIMException: found.append(False)
            return found
        json.dump([verdicts(mail) for mail in given['mails']], sys.stdout)
        """

    static func dkimpyVerdicts(_ mails: [String]) async throws -> [[Bool]] {
        struct Question: Encodable {
            var mails: [String]
            var records: [String: String]
        }
        let records = try identities.map { try record($0.selector, $0.pem) }.map { ($0.name, $0.text) }
        let question = Question(mails: mails, records: Dictionary(uniqueKeysWithValues: records))
        let output = try await Outside.run(
            try #require(dkimpy), ["-c", program], input: JSONEncoder().encode(question))
        return try JSONDecoder().decode([[Bool]].self, from: output)
    }

    @Test(.enabled(if: dkimpy != nil, "LOODS_TEST_DKIMPY names no Python that has dkimpy"))
    func dkimpyTakesBothSignatures() async throws {
        let signer = try SampleKeys.signer(Self.identities)
        let mails = try Self.mails().map {
            String(decoding: try signer.signed($0.encoded(), at: Timestamp(seconds: 1_772_442_000)), as: UTF8.self)
        }
        let verdicts = try await Self.dkimpyVerdicts(mails)
        #expect(verdicts == Array(repeating: [true, true], count: mails.count))
        // A relay that refolds and puts something before it changes nothing.
        let relayed = mails.map {
            "Received: from a by b;\r\n Mon, 02 Mar 2026 09:00:00 +0000\r\n"
                + $0.replacing("\r\nSubject: ", with: "\r\nSubject:\r\n\t ").appending("\r\n\r\n")
        }
        #expect(try await Self.dkimpyVerdicts(relayed) == verdicts)
    }

    @Test(.enabled(if: dkimpy != nil, "LOODS_TEST_DKIMPY names no Python that has dkimpy"))
    func dkimpyTakesNoForgery() async throws {
        let mail = try SampleKeys.signer(Self.identities).signed(sampleMail().encoded(), at: Timestamp(seconds: 1))
        let text = String(decoding: mail, as: UTF8.self)
        let forged = Self.forgeries.map { text.replacing($0, with: $1) }
        for (forgery, change) in zip(forged, Self.forgeries) { #expect(forgery != text, "\(change)") }
        let verdicts = try await Self.dkimpyVerdicts(forged)
        for (verdict, change) in zip(verdicts, Self.forgeries) { #expect(verdict == [false, false], "\(change)") }
    }

    // MARK: OpenDKIM

    /// OpenDKIM tells of one signature a mail, and ends well whatever it found.
    private static func openDKIMVerdicts(_ mails: [[UInt8]]) async throws -> [Bool] {
        try await withFolder { folder in
            let records = try identities.map { try record($0.selector, $0.pem) }
            try records.map { "\($0.name) \($0.text)\n" }.joined()
                .write(toFile: "\(folder)/keys", atomically: true, encoding: .utf8)
            try "Mode v\nSyslog no\nTestPublicKeys \(folder)/keys\n"
                .write(toFile: "\(folder)/conf", atomically: true, encoding: .utf8)
            var verdicts: [Bool] = []
            for (index, mail) in mails.enumerated() {
                let file = "\(folder)/\(index).eml"
                try Data(mail).write(to: URL(fileURLWithPath: file))
                let output = try await Outside.run(
                    try #require(openDKIM), ["-x", "\(folder)/conf", "-t", file, "-v"], withErrors: true)
                let text = String(decoding: output, as: UTF8.self)
                #expect(text.contains("verification"), "\(text)")
                verdicts.append(text.contains(") succeeded") && !text.contains("failed"))
            }
            return verdicts
        }
    }

    @Test(
        .enabled(if: openDKIM != nil, "LOODS_TEST_OPENDKIM names no OpenDKIM"), arguments: [0, 1])
    func openDKIMTakesEachSignature(_ identity: Int) async throws {
        let signer = try SampleKeys.signer([Self.identities[identity]])
        let mails = try Self.mails().map { try signer.signed($0.encoded(), at: Timestamp(seconds: 1_772_442_000)) }
        #expect(try await Self.openDKIMVerdicts(mails) == Array(repeating: true, count: mails.count))
    }

    @Test(.enabled(if: openDKIM != nil, "LOODS_TEST_OPENDKIM names no OpenDKIM"))
    func openDKIMTakesNoForgery() async throws {
        let signer = try SampleKeys.signer([Self.identities[0]])
        let text = String(
            decoding: try signer.signed(sampleMail().encoded(), at: Timestamp(seconds: 1)), as: UTF8.self)
        let forged = Self.forgeries.map { Array(text.replacing($0, with: $1).utf8) }
        #expect(try await Self.openDKIMVerdicts(forged) == Array(repeating: false, count: forged.count))
    }
}
