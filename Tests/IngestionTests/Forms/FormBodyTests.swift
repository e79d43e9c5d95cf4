import Testing

@testable import Ingestion

@Suite struct FormBodyTests {
    private func fields(_ body: String, _ type: String = "application/x-www-form-urlencoded") throws -> [String] {
        try FormBody(Array(body.utf8), type: type).fields.map { "\($0.name)=\($0.value)" }
    }

    @Test(
        arguments: [
            ("a=1&b=2", ["a=1", "b=2"]), ("a=x+y%2Bz", ["a=x y+z"]), ("a=%C3%A9", ["a=\u{E9}"]),
            ("a&b=", ["a=", "b="]),
            ("a=%zz%2", ["a=%zz%2"]), ("a=1=2", ["a=1=2"]), ("", []), ("&&a=1&", ["a=1"]), ("%61=b", ["a=b"]),
            ("a=%+1", ["a=% 1"]),
        ]) func encodedFormsAreRead(body: String, said: [String]) throws
    {
        #expect(try fields(body) == said)
    }

    @Test func partsAreReadAndFilesLeftOut() throws {
        let body = [
            "--b1", "Content-Disposition: form-data; name=\"email\"", "", "anne@example.com", "--b1",
            "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"", "Content-Type: text/plain", "", "text",
            "--b1", "Content-Disposition: form-data; name=\"a%22b\"", "", "two", "lines", "--b1--", "",
        ].joined(separator: "\r\n")
        #expect(
            try fields(body, "multipart/form-data; boundary=b1") == ["email=anne@example.com", "a\"b=two\r\nlines"])
        #expect(try fields(body, "Multipart/Form-Data; boundary=\"b1\"").count == 2)
    }

    @Test(
        arguments: [
            ("a=%ff", "application/x-www-form-urlencoded", EdgeError.Code.malformed),
            ("a=%00", "application/x-www-form-urlencoded", .malformed),
            ("{}", "application/json", .unsupportedEncoding),
            ("", "", .unsupportedEncoding), ("x", "multipart/form-data; boundary=b", .malformed),
            ("--b\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b", .malformed),
            ("--b--", "multipart/form-data", .malformed),
            (String(repeating: "a=1&", count: 201), "application/x-www-form-urlencoded", .tooLarge),
        ]) func otherBodiesAreRefused(body: String, type: String, code: EdgeError.Code)
    {
        #expect {
            try FormBody(Array(body.utf8), type: type)
        } throws: {
            ($0 as? EdgeError)?.code == code
        }
    }
}
