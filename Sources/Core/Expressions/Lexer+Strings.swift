extension Lexer {
    /// `STRING_LIT` and `BYTES_LIT` with their prefixes; nil when no literal begins here.
    mutating func quoted() throws(ExpressionError) -> Token.Kind? {
        let start = index
        var next = 0
        let isBytes = peek(next) == "b" || peek(next) == "B"
        if isBytes { next += 1 }
        let isRaw = peek(next) == "r" || peek(next) == "R"
        if isRaw { next += 1 }
        guard let quote = peek(next), quote == "\"" || quote == "'" else { return nil }
        let isTriple = peek(next + 1) == quote && peek(next + 2) == quote
        index += next + (isTriple ? 3 : 1)
        var content = QuotedContent(isBytes: isBytes)
        while !closes(quote, isTriple) {
            try element(into: &content, isRaw: isRaw, isTriple: isTriple, start: start)
        }
        index += isTriple ? 3 : 1
        return isBytes ? .bytes(content.bytes) : .string(content.text)
    }

    private func closes(_ quote: Unicode.Scalar, _ isTriple: Bool) -> Bool {
        peek() == quote && (!isTriple || peek(1) == quote && peek(2) == quote)
    }

    private mutating func element(
        into content: inout QuotedContent, isRaw: Bool, isTriple: Bool, start: Int
    ) throws(ExpressionError) {
        guard let scalar = peek() else { throw source.error("the string is not closed", at: start) }
        if scalar == "\\", !isRaw {
            try escape(into: &content)
        } else if scalar == "\n" || scalar == "\r" {
            guard isTriple else { throw source.error("the string is not closed in its line", at: start) }
            index += scalar == "\r" && peek(1) == "\n" ? 2 : 1
            content.append("\n")
        } else {
            index += 1
            content.append(scalar)
        }
    }

    private mutating func escape(into content: inout QuotedContent) throws(ExpressionError) {
        let start = index
        index += 1
        guard let scalar = peek() else { throw source.error("the string ends in the middle of an escape", at: start) }
        if let plain = Self.plainEscapes[scalar] {
            index += 1
            return content.append(plain)
        }
        switch scalar {
        case "x", "X": try content.append(code: code(2, radix: 16, skipping: 1, start), or: fault(start))
        case "u" where !content.isBytes:
            try content.append(code: code(4, radix: 16, skipping: 1, start), or: fault(start))
        case "U" where !content.isBytes:
            try content.append(code: code(8, radix: 16, skipping: 1, start), or: fault(start))
        case "0"..."3": try content.append(code: code(3, radix: 8, skipping: 0, start), or: fault(start))
        default:
            throw source.error(
                "'\\\(scalar)' is not an escape", at: start, help: "a backslash itself is written '\\\\'")
        }
    }

    private func fault(_ start: Int) -> ExpressionError {
        source.error("this escape names no character", at: start)
    }

    private mutating func code(
        _ count: Int, radix: UInt32, skipping: Int, _ start: Int
    ) throws(ExpressionError) -> UInt32 {
        index += skipping
        var code: UInt32 = 0
        for _ in 0..<count {
            guard let digit = peek()?.hexDigit, digit < radix else {
                let kind = radix == 8 ? "octal" : "hexadecimal"
                throw source.error("this escape needs \(count) \(kind) digits", at: start)
            }
            code = code &* radix &+ digit
            index += 1
        }
        return code
    }

    private static let plainEscapes: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}", "\\": "\\",
        "?": "?", "\"": "\"", "'": "'", "`": "`",
    ]
}

/// What stands between quotes, as text or as bytes.
private struct QuotedContent {
    let isBytes: Bool
    var text = ""
    var bytes: [UInt8] = []

    init(isBytes: Bool) { self.isBytes = isBytes }

    mutating func append(_ scalar: Unicode.Scalar) {
        if isBytes { bytes += Array(String(scalar).utf8) } else { text.unicodeScalars.append(scalar) }
    }

    /// A numeric escape: a byte in bytes, a code point in text.
    mutating func append(code: UInt32, or fault: ExpressionError) throws(ExpressionError) {
        if isBytes {
            guard let byte = UInt8(exactly: code) else { throw fault }
            bytes.append(byte)
        } else {
            guard let scalar = Unicode.Scalar(code) else { throw fault }
            text.unicodeScalars.append(scalar)
        }
    }
}
