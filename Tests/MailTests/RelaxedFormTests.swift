@testable import Mail
import Testing

/// The forms that RFC 6376, section 3.4, gives, and their edges.
@Suite struct RelaxedForms {
    private static func body(_ text: String) -> String {
        String(decoding: Array(text.utf8).withUnsafeBufferPointer { RelaxedForm.body($0) }, as: UTF8.self)
    }

    private static func field(_ text: String) -> String {
        var output: [UInt8] = []
        RelaxedForm.append(field: Array(text.utf8), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The first four: section 3.4.5, example 1 with its notes on empty bodies.
    @Test(arguments: [
        (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"), ("", ""), ("\r\n", ""), ("\r\n\r\n \t\r\n", ""),
        ("a", "a\r\n"), ("a \r\n", "a\r\n"), ("\r\n\r\na\r\n", "\r\n\r\na\r\n"), ("\ta\t\tb\r\n", " a b\r\n"),
        ("a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"), ("a\rb\nc\r\n", "a\rb\nc\r\n"), (" \r\n a", "\r\n a\r\n"),
    ])
    func bodies(_ text: String, _ relaxed: String) { #expect(Self.body(text) == relaxed) }

    /// Words of all lengths, so that runs of plain bytes begin and end anywhere.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func bodiesOfAnyMeasure(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let gaps = [" ", " ", " ", "  ", "\t", " \t", "\r\n", " \r\n", "\r\n\r\n", "\r\n ", "\r", "\n"]
        let text = (0..<60).map { _ in
            String(repeating: "w", count: Int.random(in: 0...40, using: &random)) + gaps.randomElement(using: &random)!
        }.joined()
        var lines = Array(text.utf8).split(separator: Array("\r\n".utf8), omittingEmptySubsequences: false).map {
            line in
            line.reduce(into: [UInt8]()) { form, byte in
                let byte = byte == UInt8(ascii: "\t") ? UInt8(ascii: " ") : byte
                if byte != UInt8(ascii: " ") || form.last != byte { form.append(byte) }
            }
        }
        for index in lines.indices where lines[index].last == UInt8(ascii: " ") { lines[index].removeLast() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        #expect(Self.body(text) == lines.map { String(decoding: $0, as: UTF8.self) + "\r\n" }.joined())
    }

    @Test(arguments: [
        ("A: X\r\n", "a:X"), ("B : Y\t\r\n\tZ  \r\n", "b:Y Z"), ("Subject:\r\n a\r\n\tb\r\n", "subject:a b"),
        ("X-Empty:\r\n", "x-empty:"), ("X: a:b : c", "x:a:b : c"), ("List-ID:  <A.b>  ", "list-id:<A.b>"),
    ])
    func fields(_ text: String, _ relaxed: String) { #expect(Self.field(text) == relaxed) }

    @Test func fieldsAreFoundFromTheLast() {
        let mail = Array("A: 1\r\nab: 2\r\n 3\r\na: 4\r\n\r\na: 5\r\n".utf8)
        mail.withUnsafeBufferPointer { mail in
            let header = HeaderFields(mail)
            func texts(_ name: StaticString) -> [String] {
                header.named(name, in: mail).map { String(decoding: mail[$0], as: UTF8.self) }
            }
            #expect(texts("a") == ["a: 4\r\n", "A: 1\r\n"])
            #expect(texts("ab") == ["ab: 2\r\n 3\r\n"])
            #expect(texts("b").isEmpty)
            #expect(String(decoding: mail[header.bodyStart...], as: UTF8.self) == "a: 5\r\n")
        }
    }

    @Test func base64GoesBothWays() {
        for length in 0..<60 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ length) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(String(decoding: Base64.encode(Array("fo".utf8)), as: UTF8.self) == "Zm8=")
        for text in ["Zm9v?", "Z", "Zm8=Zm8=", "===="] { #expect(Base64.decode(text.utf8) == nil, "\(text)") }
    }
}
