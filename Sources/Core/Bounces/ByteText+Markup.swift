extension ByteText {
    /// What a reader sees of HTML, roughly: no tags, the commonest references resolved, blocks on lines of their own.
    /// Addresses in angle brackets stay.
    var withoutMarkup: ByteText {
        var text: [UInt8] = []
        let last = bytes.lastIndex(of: UInt8(ascii: ">")) ?? 0
        var place = 0
        while place < bytes.count {
            if place < last, bytes[place] == UInt8(ascii: "<"), let end = tag(at: place) {
                let name = self[place + 1..<min(end, place + 16)].tagName
                if Self.blocks.contains(name) { text.append(UInt8(ascii: "\n")) }
                // What is hidden and has no end hides all.
                place = Self.hidden.contains(name) ? self.place(of: "</\(name)", from: end) ?? bytes.count : end + 1
            } else if bytes[place] == UInt8(ascii: "&"), let (byte, end) = reference(at: place) {
                text.append(byte)
                place = end
            } else {
                text.append(bytes[place])
                place += 1
            }
        }
        return ByteText(text)
    }

    /// The end of the tag that begins at a place; nil where none does.
    private func tag(at start: Int) -> Int? {
        let first = lower[start + 1]
        guard first == UInt8(ascii: "/") || first == UInt8(ascii: "!") || (97...122).contains(first),
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ">"))
        else { return nil }
        let inside = bytes[start..<end]
        return inside.contains(UInt8(ascii: "@")) && !inside.contains(0x20) ? nil : end
    }

    /// `p` of `/p class="x"`.
    private var tagName: String {
        String(
            decoding: lower.drop { $0 == UInt8(ascii: "/") }.prefix { !Self.isSpace($0) && $0 != UInt8(ascii: "/") },
            as: UTF8.self)
    }

    private func reference(at start: Int) -> (UInt8, end: Int)? {
        for (name, byte) in Self.references where lower[start...].starts(with: name.utf8) {
            return (byte, start + name.utf8.count)
        }
        return nil
    }

    private static let hidden: Set<String> = ["style", "script", "head"]
    private static let blocks: Set<String> = [
        "br", "p", "div", "tr", "td", "li", "ul", "table", "pre", "h1", "h2", "h3", "h4", "hr", "blockquote",
    ]
    private static let references: [(String, UInt8)] = [
        ("&lt;", UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")), ("&amp;", UInt8(ascii: "&")), ("&nbsp;", 0x20),
        ("&quot;", UInt8(ascii: "\"")), ("&#64;", UInt8(ascii: "@")), ("&#39;", UInt8(ascii: "'")),
    ]
}
