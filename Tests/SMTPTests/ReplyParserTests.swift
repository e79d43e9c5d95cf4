import Testing

@testable import SMTP

private func replies(_ text: String) throws -> [SMTPReply] {
    var parser = ReplyParser()
    parser.append(text.utf8)
    var replies: [SMTPReply] = []
    while let reply = try parser.next() { replies.append(reply) }
    return replies
}

@Suite struct ReplyReading {
    @Test func repliesOfOneAndManyLines() throws {
        let found = try replies("220 hi\r\n250-a\r\n250-b c\r\n250 d\r\n354\r\n")
        #expect(found.map(\.code) == [220, 250, 354])
        #expect(found.map(\.lines) == [["hi"], ["a", "b c", "d"], [""]])
    }

    @Test func bytesMayComeOneByOne() throws {
        var parser = ReplyParser()
        var found: [SMTPReply] = []
        for byte in "250-x\r\n250 y\r\n550 5.1.1 no\r\n".utf8 {
            parser.append([byte])
            while let reply = try parser.next() { found.append(reply) }
        }
        #expect(found.map(\.code) == [250, 550])
        #expect(found.last?.enhancedCode == EnhancedStatusCode(5, 1, 1))
        #expect(parser.isEmpty)
    }

    @Test(arguments: [
        "hello\r\n", "25 x\r\n", "2500 x\r\n", "250_x\r\n", "199 x\r\n", "600 x\r\n", "\r\n", "250-a\r\n251 b\r\n",
        "-250 x\r\n",
        "٢٥٠ x\r\n",
    ])
    func nonsenseIsRefused(_ text: String) {
        #expect(throws: MalformedReply.self) { try replies(text) }
    }

    @Test func hostileLengthsAreBounded() throws {
        #expect(throws: MalformedReply.self) { try replies("250 " + String(repeating: "x", count: 5000)) }
        #expect(throws: MalformedReply.self) { try replies(String(repeating: "250-x\r\n", count: 101)) }
        #expect(try replies("250 " + String(repeating: "x", count: 4000) + "\r\n").count == 1)
    }

    @Test func textIsOneBoundedLineOfPrintableCharacters() throws {
        let reply = try replies("550-\u{1B}[31m<x@y.test>\u{0}\r\n550 \(String(repeating: "é", count: 600))\r\n")[0]
        #expect(reply.text.utf8.count <= 500)
        #expect(reply.text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(!reply.loggableText.contains("@"))
    }

    @Test func enhancedCodesAgreeWithTheReply() throws {
        for (text, code) in [
            ("550 5.7.1 x", EnhancedStatusCode(5, 7, 1)), ("450 4.2.2", EnhancedStatusCode(4, 2, 2)),
            ("550 4.7.1 x", nil), ("550 5.7 x", nil), ("550 5.7.1111 x", nil), ("550 no", nil),
        ] {
            #expect(try replies("\(text)\r\n")[0].enhancedCode == code)
        }
    }
}

@Suite struct BodyForm {
    @Test(arguments: [
        ("a\r\n", "a\r\n"), ("a", "a\r\n"), ("", ""), ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"), (".", "..\r\n"),
        (".\r\n..\r\nx.\r\n", "..\r\n...\r\nx.\r\n"), ("a\n.\nb", "a\r\n..\r\nb\r\n"), ("a\r.\rb", "a\r\n..\r\nb\r\n"),
        ("\r\r\n\n", "\r\n\r\n\r\n"), ("a\r", "a\r\n"), ("\n.\r\n", "\r\n..\r\n"),
    ])
    func linesEndInCRLFAndDotsAreStuffed(_ data: String, _ expected: String) {
        #expect(MessageBody(Array(data.utf8)).bytes == Array(expected.utf8))
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func noBodyHoldsItsOwnEnd(_ seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let data = (0..<200).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return [0x0D, 0x0A, 0x2E, 0x61][Int(state >> 62)]
        }
        let wire = Array("\r\n".utf8) + MessageBody(data).bytes
        #expect(wire.suffix(2) == [0x0D, 0x0A])
        for index in wire.indices {
            if wire[index] == 0x0A { #expect(index > 0 && wire[index - 1] == 0x0D) }
            if wire[index] == 0x0D { #expect(index + 1 < wire.count && wire[index + 1] == 0x0A) }
            let end = Array("\r\n.\r\n".utf8)
            #expect(!wire[index...].starts(with: end))
        }
    }

    @Test func eightBitBytesAreNoticed() {
        #expect(MessageBody([0xC3, 0xA9]).hasEightBitBytes)
        #expect(!MessageBody(Array("\u{7F}".utf8)).hasEightBitBytes)
    }
}

@Suite struct Arguments {
    @Test(arguments: [
        "", "a", "@", "a@", "@b", "a@b@c", "a@b.test>\r\nRCPT TO:<x@y.test", "a@b.test\n", "a b@c.test",
        "a@b.test> SIZE=1",
        "<a@b.test", "é@b.test", "a@b.test\0", "\"a\"@b.test", "a\\@b.test", "a\t@b.test",
    ])
    func recipientsThatCouldEndACommandAreRefused(_ text: String) {
        #expect(throws: SMTPError.self) { try SMTPEnvelope(from: "", to: text) }
        if !text.isEmpty { #expect(throws: SMTPError.self) { try SMTPEnvelope(from: text, to: "a@b.test") } }
    }

    @Test(arguments: ["", "a b", "a\r\nMAIL", "é.test", "a\0", "<a>", String(repeating: "a", count: 256)])
    func namesToGreetWithAreChecked(_ helo: String) {
        #expect(throws: SMTPError.self) { try SMTPConfiguration(host: "h", port: 25, helo: helo) }
    }

    @Test func configurationsAreChecked() {
        #expect(throws: SMTPError.self) { try SMTPConfiguration(host: "", port: 25, helo: "a") }
        #expect(throws: SMTPError.self) { try SMTPConfiguration(host: "h", port: 0, helo: "a") }
        #expect(throws: SMTPError.self) { try SMTPConfiguration(host: "h", port: 25, helo: "a", maxConnections: 0) }
        #expect(throws: SMTPError.self) {
            try SMTPConfiguration(host: "h", port: 25, credentials: .init(username: "a\0b", password: ""), helo: "a")
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\0\u{FF}", "AMO/"),
    ])
    func base64(_ text: String, _ expected: String) {
        #expect(Base64.encode(Array(text.utf8)) == Array(expected.utf8))
    }
}
