/// A parameter of a MIME field whose value is free text, as a file's name is (RFC 2231).
enum ParameterValue {
    /// Bytes of one piece, so that its line keeps to 78.
    private static let room = 54

    /// `name="value"` where that says it; else in UTF-8 with percent signs, in pieces that each have a line of their own.
    /// The lines to follow `;`, without their ends.
    static func lines(_ name: String, _ value: HeaderValue) -> [String] {
        let text = value.text
        let isPlain =
            text.utf8.count <= room && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }
        if isPlain { return ["\(name)=\"\(text)\""] }
        var pieces = [""]
        for scalar in text.unicodeScalars {
            // Not every reader takes a character in two pieces.
            let encoded = UTF8.encode(scalar)!.map(encode).joined()
            if pieces[pieces.count - 1].utf8.count + encoded.utf8.count > room { pieces.append("") }
            pieces[pieces.count - 1] += encoded
        }
        if pieces.count == 1 { return ["\(name)*=utf-8''\(pieces[0])"] }
        return pieces.enumerated().map { "\(name)*\($0)*=\($0 == 0 ? "utf-8''" : "")\($1)" }
    }

    /// An `attribute-char` as it is (RFC 2231, section 7), all else as its code.
    private static func encode(_ byte: UInt8) -> String {
        if ASCII.isAlphanumeric(byte) || "!#$&+-.^_`{|}~".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
}
