import CSigning
import Crypto
@testable import Mail
import Model
import Testing

/// RFC 8463, appendix A: both kinds of signatures are deterministic, so the same key over the same canonical text must give
/// the bytes that the RFC prints.
@Suite struct KnownSignatures {
    private static let bodyHash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    private static let tags =
        " date : message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
    private static let mail = """
        From: Joe SixPack <joe@football.example.com>
        To: Suzie Q <suzie@shopping.example.net>
        Subject: Is dinner ready?
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
        Message-ID: <20030712040037.46341.5F8J@football.example.com>

        Hi.

        We lost the game.  Are you hungry yet?

        Joe.

        """.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")

    /// What appendix A.3 signs: the fields that its `h=` names, the second of each absent, and its own signature field.
    private static func digest(_ signature: String) -> [UInt8] {
        var signed: [UInt8] = []
        let mail = Array(mail.utf8)
        mail.withUnsafeBufferPointer { mail in
            let header = HeaderFields(mail)
            for name: StaticString in ["from", "to", "subject", "date", "message-id"] {
                for range in header.named(name, in: mail) {
                    RelaxedForm.append(field: mail[range], to: &signed)
                    signed += "\r\n".utf8
                }
            }
        }
        RelaxedForm.append(field: Array(signature.utf8), to: &signed)
        return Array(SHA256.hash(data: signed))
    }

    @Test(arguments: [
        (
            SampleKeys.ed25519,
            "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject :",
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        ),
        (
            SampleKeys.rsa1024,
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n",
            "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="
        ),
    ])
    func ofTheStandard(_ pem: String, _ beginning: String, _ signature: String) throws {
        let made = try DKIMKey(pem: pem).signature(of: Self.digest(beginning + Self.tags))
        #expect(String(decoding: Base64.encode(made), as: UTF8.self) == signature)
    }

    @Test func theBodyHashIsTheStandards() throws {
        let signer = try SampleKeys.signer([("test", SampleKeys.rsa1024)])
        let signed = try signer.signed(Array(Self.mail.utf8), at: Timestamp(seconds: 1_528_637_909))
        #expect(String(decoding: signed, as: UTF8.self).contains(" bh=\(Self.bodyHash);"))
    }

    @Test func publicKeysAreAsTheStandardPrintsThem() throws {
        let domain = try MailDomain("football.example.com")
        let ed25519 = DKIMRecord(try DKIMSelector("Brisbane"), domain, try DKIMKey(pem: SampleKeys.ed25519))
        #expect(ed25519.name == "brisbane._domainkey.football.example.com")
        #expect(ed25519.text == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
        let rsa = DKIMRecord(try DKIMSelector("test"), domain, try DKIMKey(pem: SampleKeys.rsa1024))
        #expect(
            rsa.text.hasPrefix(
                "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
            ))
    }
}

@Suite struct SigningKeys {
    @Test func recordsKeepToStringsOf255Bytes() throws {
        let key = try DKIMKey(pem: SampleKeys.rsa)
        let record = DKIMRecord(try DKIMSelector("k1"), try MailDomain("shop.test"), key)
        #expect(record.strings.count == 2)
        #expect(record.strings.allSatisfy { $0.utf8.count <= 255 } && record.strings.joined() == record.text)
        #expect(record.zoneLine.hasPrefix("k1._domainkey.shop.test. IN TXT ( \"v=DKIM1; k=rsa; p=MII"))
        #expect(key.kind == .rsa && "\(key)" == "a private key (rsa)")
    }

    @Test(arguments: [
        "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ])
    func whatIsNoKeyIsRefused(_ pem: String) {
        #expect { try DKIMKey(pem: pem) } throws: { ($0 as? MailError)?.code == .unusableKey }
    }

    @Test func smallKeysAreRefused() throws {
        let key = try #require(loods_rsa_make(768))
        defer { loods_rsa_free(key) }
        let pem = String(unsafeUninitializedCapacity: 4096) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { loods_rsa_private(key, $0.baseAddress, $0.count) }
        }
        #expect { try DKIMKey(pem: pem) } throws: { "\($0)".contains("768 bits") }
    }

    @Test(arguments: ["", ".", "a.", "-a", "a_b", "a b", "a;b", "k\r\nX", String(repeating: "a", count: 64), "é"])
    func selectorsAreLabels(_ text: String) {
        #expect(throws: MailError.self) { try DKIMSelector(text) }
    }

    @Test func aRingKnowsItsKeys() throws {
        var ring = DKIMKeyRing()
        try ring.add(SampleKeys.rsa, domain: "Shop.Test", selector: "K1")
        try ring.add(SampleKeys.ed25519, domain: "shop.test", selector: "e1")
        #expect(throws: MailError.self) { try ring.add("nothing", domain: "shop.test", selector: "k2") }
        #expect(ring.count == 2)
        let signer = ring.signer(
            of: try MailDomain("shop.test"), try ["k2", "e1", "k1"].map { try DKIMSelector($0) })
        #expect(signer.identities.map(\.selector.name) == ["e1", "k1"])
    }
}

/// What a signed mail looks like.
@Suite struct SignedMails {
    private static let both = [(selector: "e1", pem: SampleKeys.ed25519), (selector: "k1", pem: SampleKeys.rsa)]

    /// The tags of each signature, unfolded.
    private static func signatures(of mail: [UInt8]) -> [[String: String]] {
        let text = String(decoding: mail, as: UTF8.self).replacing("\r\n ", with: "")
        return text.split(separator: "\r\n").filter { $0.hasPrefix("DKIM-Signature:") }.map { line in
            let tags = line.dropFirst("DKIM-Signature:".count).split(separator: ";").map { tag in
                let end = tag.firstIndex(of: "=")!
                return (String(tag[..<end]).filter { $0 != " " }, String(tag[tag.index(after: end)...]))
            }
            return Dictionary(uniqueKeysWithValues: tags)
        }
    }

    @Test func eachKeySignsAndRSAStandsFirst() throws {
        let mail = try sampleMail(unsubscribe: "https://t.shop.test/u/1").encoded()
        let signed = try SampleKeys.signer(Self.both).signed(mail, at: Timestamp(microseconds: 1_700_000_000_900_000))
        let signatures = Self.signatures(of: signed)
        #expect(signatures.map { $0["a"] } == ["rsa-sha256", "ed25519-sha256"])
        #expect(signatures.map { $0["s"] } == ["k1", "e1"])
        #expect(signatures.allSatisfy { $0["d"] == "shop.test" && $0["t"] == "1700000000" && $0["l"] == nil })
        #expect(signatures.allSatisfy { $0["c"] == "relaxed/relaxed" && $0["v"] == "1" })
        #expect(Array(signed.suffix(mail.count)) == mail)
    }

    @Test func fieldsAreSignedOnceOftenerThanTheyAreThere() throws {
        let mail = try sampleMail(unsubscribe: "https://t.shop.test/u/1").encoded()
        let names = try #require(
            Self.signatures(of: try SampleKeys.signer(Self.both).signed(mail, at: .init(seconds: 0))).first?["h"]
        )
        .split(separator: ":")
        func count(_ name: String) -> Int { names.count { $0 == name } }
        for name in [
            "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-unsubscribe",
            "list-unsubscribe-post",
        ] { #expect(count(name) == 2, "\(name)") }
        for name in ["reply-to", "list-id", "feedback-id", "cc", "sender"] { #expect(count(name) == 1, "\(name)") }
        #expect(count("dkim-signature") == 0)
    }

    @Test func linesAreShortAndASCII() throws {
        let signed = try SampleKeys.signer(Self.both).signed(sampleMail().encoded(), at: .init(seconds: 1))
        for line in String(decoding: signed, as: UTF8.self).split(separator: "\r\n") {
            #expect(line.utf8.count <= 78 && line.utf8.allSatisfy { $0 < 0x7F })
        }
    }

    @Test func withoutKeysAMailStaysAsItIs() throws {
        let mail = try sampleMail().encoded()
        #expect(try SampleKeys.signer([]).signed(mail, at: .init(seconds: 0)) == mail)
    }

    @Test func aKeySignsOnManyThreadsAtOnce() async throws {
        let key = try DKIMKey(pem: SampleKeys.rsa)
        let digest = Array(SHA256.hash(data: Array("x".utf8)))
        let expected = try key.signature(of: digest)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 { group.addTask { (try? key.signature(of: digest)) == expected } }
            for await isSame in group { #expect(isSame) }
        }
    }
}
