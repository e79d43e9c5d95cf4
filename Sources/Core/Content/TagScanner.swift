/// Cuts rendered HTML into text and tags (HTML, section 13.2.5, as far as plain text needs it).
struct TagScanner {
    private let bytes: [UInt8]
    private var index = 0

    enum Piece {
        /// With its character references resolved.
        case text(String)
        case open(Tag)
        case close(String)
    }

    struct Tag {
        /// In lower case.
        var name: String
        /// By lower-case names.
        var attributes: [String: String] = [:]

        subscript(attribute: String) -> String? { attributes[attribute] }

        /// Whether readers see what it holds.
        var isShown: Bool {
            if ["script", "style", "head", "title", "template", "noscript"].contains(name) { return false }
            if attributes["hidden"] != nil { return false }
            let style = (attributes["style"] ?? "").lowercased().filter { !$0.isWhitespace }
            return !style.contains("display:none")
        }
    }

    init(_ html: String) { bytes = Array(html.utf8) }

    mutating func next() -> Piece? {
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else { return .text(readText()) }
            if starts(with: "<!--") {
                skip(past: "-->")
            } else if starts(with: "<!") || starts(with: "<?") {
                skip(past: ">")
            } else if starts(with: "</") {
                index += 2
                let name = readName()
                skip(past: ">")
                return .close(name)
            } else if index + 1 < bytes.count, Unicode.Scalar(bytes[index + 1]).isASCIILetter {
                index += 1
                return .open(readTag())
            } else {
                index += 1
                return .text("<")
            }
        }
        return nil
    }

    /// Passes over what an element holds, and its end.
    mutating func skip(_ name: String) {
        guard !Self.void.contains(name) else { return }
        var depth = 1
        while depth > 0, index < bytes.count {
            if ["script", "style", "title"].contains(name) {
                while index < bytes.count, !starts(with: "</\(name)") { index += 1 }
            }
            switch next() {
            case .open(let tag) where tag.name == name: depth += 1
            case .close(name): depth -= 1
            case nil: return
            default: break
            }
        }
    }

    private static let void: Set<String> = ["img", "br", "hr", "input", "meta", "link", "col", "wbr", "area", "base"]

    private mutating func readText() -> String {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        defer { index = end }
        return HTMLText.plain(String(decoding: bytes[index..<end], as: UTF8.self))
    }

    private mutating func readTag() -> Tag {
        var tag = Tag(name: readName())
        while index < bytes.count, bytes[index] != UInt8(ascii: ">") {
            if isSpace || bytes[index] == UInt8(ascii: "/") {
                index += 1
                continue
            }
            let name = readName()
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
                if name.isEmpty { index += 1 } else { tag.attributes[name] = tag.attributes[name] ?? "" }
                continue
            }
            index += 1
            skipSpace()
            let value = readValue()
            if tag.attributes[name] == nil { tag.attributes[name] = HTMLText.unescaped(value) }
        }
        index = min(bytes.count, index + 1)
        return tag
    }

    private mutating func readValue() -> String {
        guard index < bytes.count else { return "" }
        let quote = bytes[index]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = index
            while index < bytes.count, !isSpace, bytes[index] != UInt8(ascii: ">") { index += 1 }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        let end = bytes[(index + 1)...].firstIndex(of: quote) ?? bytes.count
        defer { index = min(bytes.count, end + 1) }
        return String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
    }

    /// In lower case.
    private mutating func readName() -> String {
        let start = index
        while index < bytes.count, !isSpace, !"/>=".utf8.contains(bytes[index]) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
    }

    private var isSpace: Bool { Unicode.Scalar(bytes[index]).isHTMLSpace }

    private mutating func skipSpace() { while index < bytes.count, isSpace { index += 1 } }

    private func starts(with text: String) -> Bool {
        bytes.count - index >= text.utf8.count
            && zip(bytes[index...], text.utf8).allSatisfy { ($0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0) == $1 }
    }

    private mutating func skip(past text: String) {
        while index < bytes.count, !starts(with: text) { index += 1 }
        index = min(bytes.count, index + text.utf8.count)
    }
}
