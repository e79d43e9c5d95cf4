/// The quoted-printable transfer encoding (RFC 2045, section 6.7) of text.
enum QuotedPrintable {
    /// Lines have at most 76 bytes, of which a soft break's "=" takes one.
    private static let width = 75

    /// Appends `text` encoded, each of its line ends (CRLF, CR or LF) as CRLF, and ends with a line end.
    static func encode(_ text: String, into output: inout [UInt8]) {
        var text = text
        text.withUTF8 { encode($0, into: &output) }
    }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var column = 0
        var index = 0
        while index < bytes.count {
            let end = endOfRun(bytes, from: index, at: column)
            if end > index {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[index..<end]))
                column += end - index
                index = end
                continue
            }
            let byte = bytes[index]
            if byte == ASCII.carriageReturn || byte == ASCII.lineFeed {
                index += 1
                if byte == ASCII.carriageReturn, index < bytes.count, bytes[index] == ASCII.lineFeed { index += 1 }
                lineEnd(&output, &column)
            } else if column + 3 > width {
                output.append(UInt8(ascii: "="))
                lineEnd(&output, &column)
            } else {
                output.append(UInt8(ascii: "="))
                output.append(ASCII.hexadecimal[Int(byte >> 4)])
                output.append(ASCII.hexadecimal[Int(byte & 15)])
                column += 3
                index += 1
            }
        }
        if column > 0 || bytes.isEmpty { lineEnd(&output, &column) }
    }

    /// How far bytes stand for themselves, on one line. White space does not at the end of a line, where relays strip it, and a
    /// dot does not at its beginning, where SMTP doubles it.
    private static func endOfRun(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, at column: Int) -> Int {
        if column == 0, bytes[start] == UInt8(ascii: ".") { return start }
        let limit = min(bytes.count, start + width - column)
        var end = start
        while end + Octets.count <= limit, let octets = Octets(bytes, at: end), octets.arePrinted,
            !octets.contains(UInt8(ascii: "="))
        {
            end += Octets.count
        }
        while end < limit, isPlain(bytes[end]) { end += 1 }
        guard end > start, bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab else { return end }
        return end == bytes.count || bytes[end] == ASCII.carriageReturn || bytes[end] == ASCII.lineFeed ? end - 1 : end
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte &- 0x20 < 0x5F && byte != UInt8(ascii: "=") || byte == ASCII.tab
    }

    private static func lineEnd(_ output: inout [UInt8], _ column: inout Int) {
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
        column = 0
    }
}
