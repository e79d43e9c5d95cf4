import Content

/// What HTML is made of, as far as checks need it (HTML, section 13.2.5): no tree, no errors.
enum HTMLPiece: Hashable {
    /// Names in lower case; of a name that stands twice the first counts.
    case open(String, [String: String])
    case close(String)
    /// With its character references resolved.
    case text(String)
    /// What stands in `style`, `script`, `title` or `textarea`.
    case raw(String, String)
}

/// Reads pieces one after the other. Whatever it is given, it ends.
struct HTMLReader: Sequence, IteratorProtocol {
    private static let rawElements: Set<String> = ["style", "script", "title", "textarea", "xmp", "noembed", "iframe"]

    private let bytes: [UInt8]
    private var index = 0
    /// The element whose text is read as it stands.
    private var raw: String?

    init(_ html: String) { bytes = Array(html.utf8) }

    mutating func next() -> HTMLPiece? {
        while index < bytes.count {
            if let element = raw {
                raw = nil
                let text = upToEnd(of: element)
                if !text.isEmpty { return .raw(element, text) }
                continue
            }
            guard bytes[index] == UInt8(ascii: "<"), index + 1 < bytes.count else { return text() }
            let next = bytes[index + 1]
            if next == UInt8(ascii: "!") || next == UInt8(ascii: "?") {
                skipDeclaration()
            } else if Self.isLetter(next) {
                return open()
            } else if next == UInt8(ascii: "/"), index + 2 < bytes.count, Self.isLetter(bytes[index + 2]) {
                return close()
            } else {
                return text()
            }
        }
        return nil
    }

    private mutating func text() -> HTMLPiece {
        let start = index
        index += 1
        while index < bytes.count, !isTagStart { index += 1 }
        return .text(HTMLText.unescaped(String(decoding: bytes[start..<index], as: UTF8.self)))
    }

    private var isTagStart: Bool {
        guard bytes[index] == UInt8(ascii: "<"), index + 1 < bytes.count else { return false }
        let next = bytes[index + 1]
        return Self.isLetter(next) || "!?/".utf8.contains(next)
    }

    private mutating func skipDeclaration() {
        if starts(with: "<!--") {
            index += 4
            while index < bytes.count, !starts(with: "-->") { index += 1 }
            index += 3
        } else {
            while index < bytes.count, bytes[index] != UInt8(ascii: ">") { index += 1 }
            index += 1
        }
        index = Swift.min(index, bytes.count)
    }

    private mutating func open() -> HTMLPiece {
        index += 1
        let name = take { !Self.isSpace($0) && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }.lowercased()
        var attributes: [String: String] = [:]
        while index < bytes.count, bytes[index] != UInt8(ascii: ">") {
            if Self.isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "/") {
                index += 1
                continue
            }
            let (key, value) = attribute()
            if attributes[key] == nil { attributes[key] = value }
        }
        index = Swift.min(index + 1, bytes.count)
        if Self.rawElements.contains(name) { raw = name }
        return .open(name, attributes)
    }

    private mutating func close() -> HTMLPiece {
        index += 2
        let name = take { !Self.isSpace($0) && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }.lowercased()
        while index < bytes.count, bytes[index] != UInt8(ascii: ">") { index += 1 }
        index = Swift.min(index + 1, bytes.count)
        return .close(name)
    }

    private mutating func attribute() -> (String, String) {
        let start = index
        let name = take { !Self.isSpace($0) && !"=>/".utf8.contains($0) }.lowercased()
        if index == start { index += 1 }
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else { return (name, "") }
        index += 1
        skipSpace()
        guard index < bytes.count else { return (name, "") }
        let quote = bytes[index]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return (name, HTMLText.unescaped(take { !Self.isSpace($0) && $0 != UInt8(ascii: ">") }))
        }
        index += 1
        let value = take { $0 != quote }
        index = Swift.min(index + 1, bytes.count)
        return (name, HTMLText.unescaped(value))
    }

    /// What stands before an element's end tag, and is read past.
    private mutating func upToEnd(of element: String) -> String {
        let start = index
        while index < bytes.count, !starts(with: "</\(element)") { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
    }

    private mutating func take(while isTaken: (UInt8) -> Bool) -> String {
        let start = index
        while index < bytes.count, isTaken(bytes[index]) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private func starts(with text: String) -> Bool {
        bytes.count - index >= text.utf8.count
            && zip(bytes[index...], text.utf8).allSatisfy { $0 | Self.case($0) == $1 }
    }

    /// The bit that makes a letter small.
    private static func `case`(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? 0x20 : 0 }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) && byte >= 0x41 }
    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) }
}
