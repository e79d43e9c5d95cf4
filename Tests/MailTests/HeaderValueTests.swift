import Mail
import Model
import Testing

@Suite struct HeaderSafety {
    @Test(arguments: [
        "a\r\nBcc: x@y.test", "a\nb", "a\rb", "a\0b", "a\tb", "a\u{7F}", "a\u{85}b", "a\u{2028}b", "\u{1B}",
    ])
    func controlCharactersAreRefused(_ text: String) {
        #expect { try HeaderValue(text) } throws: { ($0 as? MailError)?.code == .controlCharacter }
    }

    @Test func ordinaryTextOfAllScriptsIsTaken() throws {
        for text in ["", "Hello", "Ünïcödé ✓ 你好", "a  b", "\"quoted\" <x>"] {
            #expect(try HeaderValue(text).text == text)
        }
    }

    @Test func lengthIsBounded() {
        #expect { try HeaderValue(String(repeating: "é", count: 1001)) } throws: {
            ($0 as? MailError)?.code == .tooLong
        }
    }

    @Test func whatIsTooLongIsCutBetweenCharacters() throws {
        for (piece, size) in [("x", 2000), ("é", 2000), ("e\u{301}", 1998), ("👩‍👩‍👧", 1998)] {
            let value = try HeaderValue(cutting: String(repeating: piece, count: 2001))
            #expect(value.text.utf8.count == size && value.text.hasSuffix(piece))
        }
        #expect(try HeaderValue(cutting: "short").text == "short")
        let marks = try HeaderValue(cutting: "a" + String(repeating: "\u{301}", count: 2000))
        #expect(marks.text.utf8.count == 1999)
        #expect(throws: MailError.self) { try HeaderValue(cutting: "a\nb") }
    }
}

@Suite struct ListNames {
    @Test(arguments: [
        ("offers", "offers.shop.test"), ("News_2.x", "news-2-x.shop.test"), ("weekly-", "weekly.shop.test"),
        ("news_", "news.shop.test"), ("1", "1.shop.test"),
        (String(repeating: "a", count: 63), String(repeating: "a", count: 63) + ".shop.test"),
    ])
    func aTopicIsALabel(topic: String, name: String) throws {
        #expect(try ListID(topic: topic, at: MailDomain("shop.test")).identifier.name == name)
    }

    @Test func longTopicsStayApart() throws {
        let domain = try MailDomain("shop.test")
        let base = String(repeating: "a", count: 45) + "--" + String(repeating: "b", count: 16)
        let names = try ["1", "2"].map { try ListID(topic: base + $0, at: domain).identifier.name }
        #expect(Set(names).count == 2)
        #expect(names.allSatisfy { $0.utf8.count <= 63 + 10 && $0.hasPrefix(base.prefix(45) + "-") })
    }
}

@Suite struct Addresses {
    @Test func plainAddressesAreRead() throws {
        let address = try MailAddress("Anne.B+tag@Example.TEST")
        #expect(address.localPart == "Anne.B+tag")
        #expect(address.address == "Anne.B+tag@example.test")
        #expect(try MailAddress("root@localhost").domain.name == "localhost")
    }

    @Test(arguments: [
        "", "@", "a@", "@b.test", "a@b@c.test", "a b@c.test", "a@b .test", ".a@b.test", "a.@b.test", "a..b@c.test",
        "\"a b\"@c.test", "a@[127.0.0.1]", "a@127.0.0.1", "a@-b.test", "a@b-.test", "a@b..test", "a@b.test.",
        "a@b_c.test",
        "a@b.test\r\nRCPT TO:<x@y.test>", "a@b.test>", "<a@b.test", "a(comment)@b.test", "a,b@c.test", "a@b.test\0",
        "a;b@c.test", "a:b@c.test", "a\\b@c.test",
    ])
    func everythingElseIsRefused(_ text: String) {
        #expect(throws: MailError.self) { try MailAddress(text) }
    }

    @Test func lengthsAreBounded() throws {
        let label = String(repeating: "d", count: 63)
        #expect(throws: MailError.self) { try MailAddress(String(repeating: "l", count: 65) + "@b.test") }
        #expect(throws: MailError.self) { try MailAddress("a@\(label)d.test") }
        #expect(throws: MailError.self) {
            try MailAddress("a@" + Array(repeating: label, count: 4).joined(separator: "."))
        }
        _ = try MailAddress(String(repeating: "l", count: 64) + "@\(label).test")
    }

    /// From UTS #46's own table: what differs between old and new rules, and what is not allowed in either.
    @Test(arguments: [
        ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("bu\u{308}cher.example", "xn--bcher-kva.example"), ("faß.de", "xn--fa-hia.de"),
        ("βόλος.com", "xn--nxasmm1c.com"), ("例え.test", "xn--r8jz45g.test"), ("例え。test", "xn--r8jz45g.test"),
        ("ｅｘａｍｐｌｅ.test", "example.test"),
    ])
    func domainsOfAllLettersBecomeWhatDNSKnows(_ text: String, _ name: String) throws {
        #expect(try MailAddress("Anne@\(text)").address == "Anne@\(name)")
    }

    @Test(arguments: [
        "a‚b.test", "é\u{0}.test", "é..test", "-é.test", "é_.test", "\u{202E}é.test", "é\r\n.test", "☃\u{FFFD}.test",
    ])
    func whatIsNoDomainInAnyLettersIsRefused(_ text: String) {
        #expect { try MailDomain(text) } throws: { ($0 as? MailError)?.code == .malformedDomain }
    }

    /// To DNS there is nothing where they stand, and to Swift no @: where mail goes is where its address is looked for.
    @Test(arguments: ["\u{FE0F}", "\u{34F}", "\u{180B}", "\u{E0100}", "\u{301}"])
    func whatCombinesWithAnAtSignHidesNoAddress(_ mark: String) throws {
        let text = "Kim@\(mark)Shop.example"
        let address = try? MailAddress(text)
        #expect(address == nil || address?.address.lowercased() == text.comparedAddress)
        #expect((address == nil) == (mark == "\u{301}"))
    }

    @Test(arguments: ["é@b.test", "é@例え.test"])
    func addressesBeyondASCIISayWhatTheyNeed(_ text: String) {
        #expect { try MailAddress(text) } throws: {
            guard let error = $0 as? MailError else { return false }
            return error.code == .needsInternationalMail && error.message.contains("needs SMTPUTF8")
        }
    }

    @Test func sendersAreReadWithTheirNames() throws {
        #expect(try MailAddress(parsing: "Shop <shop@b.test>").displayName?.text == "Shop")
        #expect(try MailAddress(parsing: "\"Shop, Inc.\" <shop@b.test>").displayName?.text == "Shop, Inc.")
        #expect(try MailAddress(parsing: "<shop@b.test>").displayName == nil)
        #expect(try MailAddress(parsing: "shop@b.test").displayName == nil)
        for text in ["Shop <shop@b.test> x", "A <a@b.test> <c@d.test>", "Shop\r\n <shop@b.test>", "Shop shop@b.test"] {
            #expect(throws: MailError.self) { try MailAddress(parsing: text) }
        }
    }

    @Test func errorsNameNoAddress() {
        #expect { try MailAddress("secret person@b.test") } throws: { !"\($0)".contains("secret") }
    }
}

@Suite struct HeaderURLs {
    @Test(arguments: [
        "", "ftp://a.test", "javascript:alert(1)", "https://", "https:///x", "https://a.test/ b",
        "https://a.test/\r\nX: y",
        "https://a.test/>", "https://a.test/,<mailto:x>", "//a.test", "https://é.test",
    ])
    func onlyPlainWebAddressesAreTaken(_ text: String) {
        #expect { try HeaderURL(text) } throws: { ($0 as? MailError)?.code == .malformedURL }
    }

    @Test func webAddressesAreTaken() throws {
        #expect(try HeaderURL("https://a.test/u/1.k.x?y=z&w=%20").text == "https://a.test/u/1.k.x?y=z&w=%20")
        _ = try HeaderURL("http://127.0.0.1:8080/u")
    }
}
