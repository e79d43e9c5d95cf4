import Model
import Testing

@testable import Links

private let origin = LinkOrigin(
    contact: ContactKey(workspace: WorkspaceID(rawValue: 7), contact: .derived("test", "contact")),
    message: .derived("test", "message"))
private let old = LinkSecret(id: "k1", bytes: Array(0..<32))
private let new = LinkSecret(id: "k2", bytes: Array(100..<132))

@Suite struct LinkSignerTests {
    private let signer = try! LinkSigner(secrets: [old])

    @Test(arguments: [
        Link.open(origin), .click(origin, destination: "https://shop.example/a?b=c&d=%C3%A9#e"),
        .unsubscribe(origin, topic: "naïve offers"), .rating(origin, rating: "support", value: -3),
        .download(origin, content: "guide", expiresAt: Timestamp(seconds: 1_772_000_000)),
        .liveImage(
            .nobody(in: WorkspaceID(rawValue: 7)),
            LiveContent(email: "offer", block: "banner", language: nil, fallback: "https://cdn.example/a.png")),
        .liveLink(
            origin,
            LiveContent(
                email: "offer", block: "banner", language: LanguageTag("nl-BE"), fallback: "https://shop.example/?a=b")),
        .countedOpen(
            .nobody(in: WorkspaceID(rawValue: 7)), CountedMail(journey: "welcome", step: "1", template: "hello")),
        .countedClick(
            .nobody(in: WorkspaceID(rawValue: 7)), CountedMail(journey: "welcome", step: "1", template: "hello"),
            destination: "https://shop.example/a?b=c"),
        .countedLive(
            .nobody(in: WorkspaceID(rawValue: 7)), CountedMail(journey: "welcome", step: "1", template: "hello"),
            LiveContent(email: "offer", block: "banner", language: nil, fallback: "https://shop.example/?a=b")),
        .siteMessage(origin, step: "visit/plans", plannedAt: Timestamp(microseconds: 1_772_000_000_000_001)),
    ])
    func whatIsSignedIsReadBack(link: Link) throws {
        #expect(try signer.verify(signer.sign(link), link.purpose) == link)
    }

    @Test(arguments: ["007 support", "+7 support", "7", "7 ", " 7 support", "-0 support"])
    func aNumberHasOneForm(text: String) {
        let payload = Link.open(origin).payload + Array(text.utf8)
        #expect(throws: LinkError.malformed) { try Link(payload: payload, purpose: .rating) }
        #expect(throws: LinkError.malformed) { try Link(payload: payload, purpose: .download) }
    }

    @Test(arguments: [
        "", "offer banner -", "offer  - https://a.example/", "offer banner NL https://a.example/",
        "offer banner - //evil", "offer banner - https://a.example/ x", " banner - https://a.example/",
    ])
    func liveContentHasOneForm(text: String) {
        let payload = Link.open(origin).payload + Array(text.utf8)
        #expect(throws: LinkError.self) { try Link(payload: payload, purpose: .liveImage) }
        #expect(throws: LinkError.self) { try Link(payload: payload, purpose: .liveLink) }
    }

    @Test(arguments: [
        "", "welcome", "welcome 1", "welcome 1 ", "welcome  hello", "welcome 1 hello more https://a.example/",
        "welcome 1 hello //evil",
    ])
    func aCountedMailHasOneForm(text: String) {
        let payload = Link.open(origin).payload + Array(text.utf8)
        #expect(throws: LinkError.self) { try Link(payload: payload, purpose: .countedOpen) }
        #expect(throws: LinkError.self) { try Link(payload: payload, purpose: .countedClick) }
        #expect(throws: LinkError.self) { try Link(payload: payload, purpose: .countedLive) }
    }

    /// Computed with Python's hmac: HKDF without salt, HMAC-SHA256, the first 16 bytes.
    @Test func aTokenKeepsItsForm() throws {
        #expect(
            try signer.sign(.open(origin))
                == "1.k1.AAAAB01zY-Itd4IfnfH61Dd8EeTiqNuOsZ6NUqKFRY_kUyrv.ETEgyX-JZSjCmhOx_bpDXg")
    }

    @Test func aTokenNeedsNoEscapingAndHoldsNoAddress() throws {
        let token = try signer.sign(.click(origin, destination: "https://shop.example/"))
        #expect(
            token.utf8.allSatisfy {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".utf8.contains($0)
            })
    }

    @Test func aTokenServesOnePurposeOnly() throws {
        let token = try signer.sign(.unsubscribe(origin, topic: "offers"))
        #expect(throws: LinkError.forged) { try signer.verify(token, .click) }
        #expect(throws: LinkError.forged) { try signer.verify(token, .open) }
    }

    @Test func everyChangedCharacterIsNoticed() throws {
        let token = Array(try signer.sign(.click(origin, destination: "https://shop.example/")))
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(throws: LinkError.self) { try signer.verify(String(changed), .click) }
        }
    }

    @Test(arguments: [
        "", "1", "1.k1", "1.k1..", "1.k1.AA.AA", "2.k1.AA.AA", "1.k1.AA.AA.AA", "1.k1.A=.AA", "1.k1.é.AA",
    ])
    func whatIsNoTokenIsRefused(text: String) {
        #expect(throws: LinkError.self) { try signer.verify(text, .open) }
    }

    @Test func aCutSignatureIsRefused() throws {
        let token = try signer.sign(.open(origin))
        for count in 1...token.split(separator: ".")[3].count {
            #expect(throws: LinkError.self) { try signer.verify(token.dropLast(count), .open) }
        }
    }

    @Test func secretsRotate() throws {
        let both = try LinkSigner(secrets: [new, old])
        let after = try LinkSigner(secrets: [new])
        let early = try signer.sign(.open(origin))
        let late = try both.sign(.open(origin))
        #expect(try both.verify(early, .open) == .open(origin))
        #expect(try after.verify(late, .open) == .open(origin))
        #expect(throws: LinkError.unknownKey) { try after.verify(early, .open) }
        #expect(throws: LinkError.unknownKey) { try signer.verify(late, .open) }
    }

    @Test func anotherSecretOfTheSameIdIsRefused() throws {
        let other = try LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(1..<33))])
        #expect(throws: LinkError.forged) { try other.verify(signer.sign(.open(origin)), .open) }
    }

    @Test func weakSecretsAreRefused() {
        #expect(throws: LinkError.secrets) { try LinkSigner(secrets: []) }
        #expect(throws: LinkError.secrets) { try LinkSigner(secrets: [LinkSecret(id: "k", bytes: Array(0..<15))]) }
        #expect(throws: LinkError.secrets) { try LinkSigner(secrets: [old, old]) }
        #expect(throws: LinkError.secrets) { try LinkSigner(secrets: [LinkSecret(id: "a.b", bytes: Array(0..<32))]) }
    }
}

@Suite struct DestinationTests {
    @Test(arguments: [
        "https://shop.example", "http://shop.example:8080/a", "https://xn--bcher-kva.example/?q=1#f",
        "HTTPS://SHOP.EXAMPLE/", "https://127.0.0.1/x@y",
    ])
    func plainURLsAreAllowed(url: String) { #expect(Destination.isAllowed(url)) }

    @Test(arguments: [
        "", "//evil.example", "https:/\\evil.example", "https:\\\\evil.example", "javascript:alert(1)",
        "data:text/html,x",
        "https://shop.example@evil.example", "https://user:pass@evil.example/", "https://evil。example/",
        "https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/ x", " https://shop.example",
        "ftp://shop.example",
        "https://", "https:///path", "https://?x", "https://shop..example", "https://shop.example:0/",
        "https://shop.example:99999/", "https://shop.example:/", "https://[::1]/", "https://shop.example/\"><script>",
        "mailto:a@b.example", "https://shop.example/é",
    ])
    func everythingElseIsRefused(url: String) throws {
        #expect(!Destination.isAllowed(url))
        let signer = try LinkSigner(secrets: [old])
        #expect(throws: LinkError.destination) { try signer.sign(.click(origin, destination: url)) }
    }
}

@Suite struct LinkSecretTests {
    @Test func oneOrTwoEntriesAreRead() throws {
        let one = try #require(LinkSecret.list("k1:AAECAwQFBgcICQoLDA0ODw=="))
        #expect(one.map(\.id) == ["k1"])
        #expect(one[0].bytes == Array(0..<16))
        let two = try #require(LinkSecret.list("k2:__________________________8, k1:AAECAwQFBgcICQoLDA0ODw"))
        #expect(two.map(\.id) == ["k2", "k1"])
        #expect(two[0].bytes == Array(repeating: 255, count: 20))
    }

    @Test(arguments: [
        "", "k1", "k1:", "k1:AAEC", ":AAECAwQFBgcICQoLDA0ODw==", "k1:AAECAwQFBgcICQoLDA0OD!==",
        "k1:AAECAwQFBgcICQoLDA0ODw==,k1:AAECAwQFBgcICQoLDA0ODw==",
        "a:AAECAwQFBgcICQoLDA0ODw==,b:AAECAwQFBgcICQoLDA0ODw==,c:AAECAwQFBgcICQoLDA0ODw==",
    ])
    func otherTextsAreNot(text: String) { #expect(LinkSecret.list(text) == nil) }
}
