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
            let byte = bytes[index]
            index += 1
            if byte == ASCII.carriageReturn || byte == ASCII.lineFeed {
                if byte == ASCII.carriageReturn, index < bytes.count, bytes[index] == ASCII.lineFeed { index += 1 }
                lineEnd(&output, &column)
            } else {
                let endsLine =
                    index == bytes.count || bytes[index] == ASCII.carriageReturn || bytes[index] == ASCII.lineFeed
                append(byte, literally: isLiteral(byte, endsLine: endsLine), &output, &column)
            }
        }
        if column > 0 || bytes.isEmpty { lineEnd(&output, &column) }
    }

    /// White space stands for itself save at the end of a line, where relays strip it.
    private static func isLiteral(_ byte: UInt8, endsLine: Bool) -> Bool {
        switch byte {
        case ASCII.space, ASCII.tab: !endsLine
        case UInt8(ascii: "="): false
        case 0x21...0x7E: true
        default: false
        }
    }

    private static func append(_ byte: UInt8, literally: Bool, _ output: inout [UInt8], _ column: inout Int) {
        let length = literally ? 1 : 3
        if column + length > width {
            output.append(UInt8(ascii: "="))
            lineEnd(&output, &column)
        }
        if literally {
            output.append(byte)
        } else {
            output.append(UInt8(ascii: "="))
            output.append(ASCII.hexadecimal[Int(byte >> 4)])
            output.append(ASCII.hexadecimal[Int(byte & 15)])
        }
        column += length
    }

    private static func lineEnd(_ output: inout [UInt8], _ column: inout Int) {
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
        column = 0
    }
}
