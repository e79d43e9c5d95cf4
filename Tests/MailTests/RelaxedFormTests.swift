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
