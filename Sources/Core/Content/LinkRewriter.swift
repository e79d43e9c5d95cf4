/// Puts other addresses in place of the web links in a rendered mail, for counting clicks.
///
/// Only http and https links change: `mailto:`, `tel:`, fragments and the kept addresses stay as they are.
public struct LinkRewriter: Sendable {
    private let kept: Set<String>
    private let rewrite: @Sendable (String) -> String

    /// `keeping` are addresses to leave alone (the unsubscribe link); `rewrite` gives the address that stands for one.
    public init(keeping kept: Set<String> = [], _ rewrite: @escaping @Sendable (String) -> String) {
        self.kept = kept
        self.rewrite = rewrite
    }

    /// `html` with the `href` of each `<a>` rewritten; comments, scripts and styles are left alone.
    public func html(_ html: String) -> String {
        var scanner = AnchorScanner(html)
        return scanner.replacingTargets { replacement(for: $0) }
    }

    /// `text` with each web address in it rewritten. Punctuation after an address is not part of it.
    public func text(_ text: String) -> String {
        var output = ""
        var rest = text[...]
        while let start = Self.nextAddress(in: rest) {
            let end = Self.endOfAddress(in: rest, from: start)
            let address = String(rest[start..<end])
            output += rest[..<start]
            output += replacement(for: address) ?? address
            rest = rest[end...]
        }
        return output + rest
    }

    /// `html` with an invisible image at its end, by which opening is counted.
    public static func appendingPixel(_ address: String, to html: String) -> String {
        let image = "<img src=\"\(HTMLText.escaped(address))\" width=\"1\" height=\"1\" alt=\"\">"
        let bytes = Array(html.utf8)
        let end = Array("</body".utf8)
        var start = bytes.count - end.count
        while start >= 0, !zip(bytes[start...], end).allSatisfy({ $0 | ($0 >= 0x41 ? 0x20 : 0) == $1 }) { start -= 1 }
        guard start >= 0 else { return html + image }
        return String(decoding: bytes[..<start] + Array(image.utf8) + bytes[start...], as: UTF8.self)
    }

    /// What stands for `address`; nil where it stays.
    private func replacement(for address: String) -> String? {
        let scheme = address.prefix(8).lowercased()
        guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://"), !kept.contains(address) else { return nil }
        return rewrite(address)
    }

    /// Byte by byte, since most of a text are other words.
    private static func nextAddress(in text: Substring) -> Substring.Index? {
        var rest = text.utf8
        while let start = rest.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "h") }) {
            let head = rest[start...].lazy.map { $0 | 0x20 }
            if schemes.contains(where: { head.starts(with: $0.utf8) }),
                text[..<start].last.map({ $0.isLetter || $0.isNumber }) != true
            {
                return start
            }
            rest = rest[rest.index(after: start)...]
        }
        return nil
    }

    private static let schemes = ["http://", "https://"]

    private static func endOfAddress(in text: Substring, from start: Substring.Index) -> Substring.Index {
        var address = text[start...].prefix { !$0.isWhitespace && !"<>\"".contains($0) }
        while let last = address.last, ".,;:!?'*_)]}".contains(last) {
            // "(see https://example.com/a_(b))": a bracket opened within the address belongs to it.
            if last == ")", address.count(where: { $0 == "(" }) >= address.count(where: { $0 == ")" }) { break }
            address.removeLast()
        }
        return address.endIndex
    }
}
