@testable import Mail
import Testing

/// What holds for every mail, tried on seeded random ones.
@Suite struct WireForm {
    private static let alphabet: [Character] = [
        "a", "Z", "7", " ", " ", "\t", "=", ".", "-", "_", "?", "\"", "\\", "<", "\n", "\r", "\r\n", "é", "€", "😀",
        "e\u{301}",
        "\u{0}", "\u{7F}",
    ]

    private static func text(_ random: inout SeededRandom, upTo limit: Int) -> String {
        String((0..<Int.random(in: 0...limit, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func linesAreShortASCIIAndEndInCRLF(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let body = "x" + Self.text(&random, upTo: 600)
        let header = Self.text(&random, upTo: 200).filter {
            $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        }
        let mail = try sampleMail(fromName: header, toName: header, subject: header, text: body, html: body)
        let bytes = mail.encoded()
        #expect(bytes == mail.encoded())
        #expect(bytes.allSatisfy { $0 < 0x7F && ($0 >= 0x20 || $0 == 0x0D || $0 == 0x0A || $0 == 0x09) })
        var line = 0
        for (index, byte) in bytes.enumerated() {
            let previous = index > 0 ? bytes[index - 1] : 0
            try #require((previous == 0x0D) == (byte == 0x0A))
            line = byte == 0x0A ? 0 : line + 1
            try #require(line <= 79, "the CR included")
        }
        #expect(bytes.suffix(2) == [0x0D, 0x0A])
    }

    /// Runs of all lengths between bytes that cannot stand for themselves.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func quotedPrintableGoesBothWays(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let breaks = ["=", "é", "\t", " \n", "\n", "\n.", "\u{7F}", "~", "\u{0}", "\n\n"]
        let text = (0..<60).map { _ in
            String(repeating: "w ", count: Int.random(in: 0...60, using: &random)) + breaks.randomElement(
                using: &random)!
        }.joined()
        var encoded: [UInt8] = []
        QuotedPrintable.encode(text, into: &encoded)
        let lines = String(decoding: encoded, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && $0.last != " " && $0.last != "\t" && $0.first != "." })
        let joined = lines.dropLast().map { $0.last == "=" ? String($0.dropLast()) : $0 + "\n" }.joined()
        let parts = joined.split(separator: "=", omittingEmptySubsequences: false)
        let decoded = try parts.dropFirst().reduce(into: Array(parts[0].utf8)) { bytes, part in
            bytes.append(try #require(UInt8(part.prefix(2), radix: 16)))
            bytes += part.dropFirst(2).utf8
        }
        #expect(String(decoding: decoded, as: UTF8.self) == (text.hasSuffix("\n") ? text : text + "\n"))
    }

    @Test func encodedWordsKeepTo75BytesAndSplitNoCharacter() throws {
        let mail = try encodedText(sampleMail(subject: String(repeating: "日本語€", count: 40)))
        let words = mail.split { " \r\n".contains($0) || $0 == "\r\n" }.filter { $0.hasPrefix("=?") }
        #expect(words.count > 5)
        for word in words {
            #expect(word.utf8.count <= 75)
            let bytes = word.dropFirst("=?utf-8?Q?".count).dropLast(2).split(separator: "=").compactMap {
                UInt8($0, radix: 16)
            }
            #expect(String(validating: bytes, as: UTF8.self) != nil)
        }
    }

    @Test func theBoundaryIsInNoPart() throws {
        let boundary = "--=_loods_01234567-89ab-8def-8123-456789abcdef"
        let mail = try encodedText(sampleMail(text: "\(boundary)--\n", html: "\n\(boundary)\n"))
        #expect(mail.components(of: boundary) == 4)
    }
}

extension String {
    fileprivate func components(of text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count
    }
}

struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
