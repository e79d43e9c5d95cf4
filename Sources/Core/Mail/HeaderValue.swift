/// Text that can stand in a header field: it holds no control characters, so it cannot start another field.
///
/// There is no other way from text to a header than through this type (RFC 5322, section 2.2).
public struct HeaderValue: Sendable, Hashable {
    /// The text, not yet encoded for the wire.
    public let text: String

    /// The most UTF-8 bytes that one value may have.
    public static let limit = 2000

    /// Takes `text` as it is. Throws `controlCharacter` on C0 (CR, LF, NUL and tab among them), DEL, C1 and the Unicode
    /// line and paragraph separators, `tooLong` over `limit` bytes.
    public init(_ text: String) throws(MailError) {
        guard text.utf8.count <= Self.limit else {
            throw MailError(.tooLong, "a header value has more than \(Self.limit) bytes")
        }
        guard !text.unicodeScalars.contains(where: Self.isControl) else {
            throw MailError(.controlCharacter, "a header value holds a control character")
        }
        self.text = text
    }

    /// Takes as much of the beginning of `text` as a value may have, cut between two characters. For what is put together
    /// from values that nobody has measured. Throws `controlCharacter`.
    public init(cutting text: String) throws(MailError) {
        try self.init(Self.beginning(of: text))
    }

    private static func beginning(of text: String) -> String {
        guard text.utf8.count > limit else { return text }
        var size = 0
        let whole = text.prefix { character in
            size += character.utf8.count
            return size <= limit
        }
        if !whole.isEmpty { return String(whole) }
        // One character with more marks than a value has room for.
        size = 0
        return String(
            text.unicodeScalars.prefix { scalar in
                size += scalar.utf8.count
                return size <= limit
            })
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
