/// Writes header fields, folded at white space so that lines keep to 78 bytes (RFC 5322, section 2.2.3).
struct HeaderWriter {
    private(set) var bytes: [UInt8] = []
    private static let width = 78

    init() { bytes.reserveCapacity(1024) }

    /// A field whose value is made of ASCII by this module itself.
    mutating func field(_ name: String, _ value: String) {
        bytes += "\(name): \(value)\r\n".utf8
    }

    /// A field of free text, in encoded words where ASCII cannot say it.
    mutating func text(_ name: String, _ value: HeaderValue) {
        bytes += "\(name):".utf8
        var column = name.utf8.count + 1
        let words =
            EncodedWords.isNeeded(for: value.text)
            ? EncodedWords.encode(value.text, after: column) : Self.words(value.text)
        for word in words { append(word, &column) }
        bytes += "\r\n".utf8
    }

    /// `name: phrase <address>`.
    mutating func address(_ name: String, _ address: MailAddress) {
        if let displayName = address.displayName {
            phrase(name, displayName, "<\(address.address)>")
        } else {
            field(name, address.address)
        }
    }

    /// A field of an optional phrase and what follows it.
    mutating func phrase(_ name: String, _ phrase: HeaderValue?, _ rest: String) {
        bytes += "\(name):".utf8
        var column = name.utf8.count + 1
        for word in Self.phraseWords(phrase?.text ?? "", after: column) { append(word, &column) }
        append(rest, &column)
        bytes += "\r\n".utf8
    }

    private mutating func append(_ word: String, _ column: inout Int) {
        let length = word.utf8.count + 1
        // The first word stays on the field's own line: a line of nothing but the name confuses some readers.
        if column + length > Self.width, bytes.last != UInt8(ascii: ":") {
            bytes += "\r\n".utf8
            column = 0
        }
        bytes.append(ASCII.space)
        bytes += word.utf8
        column += length
    }

    private static func words(_ text: String) -> [String] {
        text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }

    /// A display name: bare atoms, a quoted string, or encoded words, whichever is the plainest that says it.
    private static func phraseWords(_ text: String, after column: Int) -> [String] {
        if text.isEmpty { return [] }
        // What a quoted string would have to escape goes in encoded words too: not every reader unescapes.
        if EncodedWords.isNeeded(for: text) || text.contains(where: { "\\\"".contains($0) }) {
            return EncodedWords.encode(text, after: column)
        }
        return words(text.utf8.allSatisfy { ASCII.isAtomText($0) || $0 == ASCII.space } ? text : "\"\(text)\"")
    }
}
