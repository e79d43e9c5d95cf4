/// Cuts what a server sends into replies, and believes none of it.
///
/// Lines end in CRLF; a bare LF is taken too, as all clients do. Lines of more than 4 KB (RFC 5321 says 512 bytes),
/// replies of more than 100 lines, and lines of one reply with different codes are errors.
struct ReplyParser {
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var code: Int?
    private var lines: [String] = []

    static let lineLimit = 4096
    static let lineCountLimit = 100

    /// Whether bytes or lines wait that make no whole reply yet.
    var isEmpty: Bool { consumed == buffer.count && code == nil }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        if consumed == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Forgets everything, as must be done when TLS begins (RFC 3207, section 4.2).
    mutating func discardAll() { self = ReplyParser() }

    /// The next whole reply; nil where more bytes are needed. Throws a cause on a reply that breaks the protocol.
    mutating func next() throws(MalformedReply) -> SMTPReply? {
        while let line = try nextLine() {
            let (lineCode, isLast, text) = try Self.read(line)
            if let code, code != lineCode { throw MalformedReply(cause: "lines with different codes") }
            code = lineCode
            lines.append(text)
            if isLast {
                defer {
                    code = nil
                    lines = []
                }
                return SMTPReply(code: lineCode, lines: lines)
            }
            guard lines.count < Self.lineCountLimit else { throw MalformedReply(cause: "too many lines") }
        }
        return nil
    }

    private mutating func nextLine() throws(MalformedReply) -> ArraySlice<UInt8>? {
        let rest = buffer[consumed...]
        guard let end = rest.prefix(Self.lineLimit).firstIndex(of: 0x0A) else {
            if rest.count >= Self.lineLimit { throw MalformedReply(cause: "a line too long") }
            return nil
        }
        consumed = end + 1
        return rest[..<end].last == 0x0D ? rest[..<(end - 1)] : rest[..<end]
    }

    /// `250-text`, `250 text` or `250`.
    private static func read(
        _ line: ArraySlice<UInt8>
    ) throws(MalformedReply) -> (code: Int, isLast: Bool, text: String) {
        let digits = line.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw MalformedReply(cause: "a line without a code")
        }
        let code = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let separator = line.dropFirst(3).first
        guard (200..<600).contains(code), separator == nil || separator == 0x20 || separator == 0x2D else {
            throw MalformedReply(cause: "a line without a code")
        }
        return (code, separator != 0x2D, String(decoding: line.dropFirst(4), as: UTF8.self))
    }
}

/// A reply that breaks the protocol.
struct MalformedReply: Error, Hashable {
    let cause: String
}
