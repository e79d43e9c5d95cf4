/// Finds the `href` of each `<a>` in rendered HTML (HTML, section 13.2.5, as far as links need it).
struct AnchorScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var output: [UInt8] = []
    /// Up to where `bytes` have been copied.
    private var copied = 0

    init(_ html: String) { bytes = Array(html.utf8) }

    /// The HTML with the targets replaced for which `replacement` gives another.
    mutating func replacingTargets(by replacement: (String) -> String?) -> String {
        while let start = bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
            index = start + 1
            if starts(with: "!--") {
                skip(past: "-->")
            } else if let byte = current, Unicode.Scalar(byte).isASCIILetter {
                readTag(replacement)
            }
        }
        output += bytes[copied...]
        return String(decoding: output, as: UTF8.self)
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func starts(with text: String) -> Bool {
        bytes.count - index >= text.utf8.count
            && zip(bytes[index...], text.utf8).allSatisfy { ($0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0) == $1 }
    }

    /// - Parameter text: begins with no letter.
    private mutating func skip(past text: String) {
        let first = text.utf8.first
        while index < bytes.count, bytes[index] != first || !starts(with: text) { index += 1 }
        index = min(bytes.count, index + text.utf8.count)
    }

    private mutating func readTag(_ replacement: (String) -> String?) {
        let start = index
        skip { !Unicode.Scalar($0).isHTMLSpace && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
        let name = start..<index
        guard isNamed(name, "a") else {
            skipTag()
            for closed in ["script", "style"] where isNamed(name, closed) { skip(past: "</\(closed)") }
            return
        }
        while let byte = current, byte != UInt8(ascii: ">") {
            if Unicode.Scalar(byte).isHTMLSpace || byte == UInt8(ascii: "/") {
                index += 1
                continue
            }
            readAttribute(replacement)
        }
        index = min(bytes.count, index + 1)
    }

    /// Most tags are others: of them no more is looked at than where they end.
    private mutating func skipTag() {
        while let byte = current, byte != UInt8(ascii: ">") {
            index += 1
            guard byte == UInt8(ascii: "=") else { continue }
            skipSpace()
            _ = readValue()
        }
        index = min(bytes.count, index + 1)
    }

    private mutating func readAttribute(_ replacement: (String) -> String?) {
        let start = index
        skip {
            !Unicode.Scalar($0).isHTMLSpace && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "=")
                && $0 != UInt8(ascii: "/")
        }
        let name = start..<index
        skipSpace()
        guard current == UInt8(ascii: "=") else {
            // A stray "=" would be the first byte of a name.
            if index == start { index += 1 }
            return
        }
        index += 1
        skipSpace()
        let value = readValue()
        if isNamed(name, "href") { replace(value, replacement) }
    }

    /// The range of the value with its quotes, and without.
    private mutating func readValue() -> (whole: Range<Int>, inner: Range<Int>) {
        let start = index
        if let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let end = bytes[(start + 1)...].firstIndex(of: quote) ?? bytes.count
            index = min(bytes.count, end + 1)
            return (start..<index, (start + 1)..<end)
        }
        skip { !Unicode.Scalar($0).isHTMLSpace && $0 != UInt8(ascii: ">") }
        return (start..<index, start..<index)
    }

    private mutating func replace(
        _ value: (whole: Range<Int>, inner: Range<Int>), _ replacement: (String) -> String?
    ) {
        let text = HTMLText.unescaped(String(decoding: bytes[value.inner], as: UTF8.self))
        let trimmed = text.unicodeScalars.drop { $0.isHTMLSpace }
        guard let end = trimmed.lastIndex(where: { !$0.isHTMLSpace }),
            let target = replacement(String(trimmed[...end]))
        else { return }
        output += bytes[copied..<value.whole.lowerBound]
        output += "\"\(HTMLText.escaped(target))\"".utf8
        copied = value.whole.upperBound
    }

    private mutating func skipSpace() {
        while let byte = current, Unicode.Scalar(byte).isHTMLSpace { index += 1 }
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = current, condition(byte) { index += 1 }
    }

    /// Whether the bytes of a name are this one, in whatever case.
    private func isNamed(_ name: Range<Int>, _ other: String) -> Bool {
        name.count == other.utf8.count && zip(bytes[name], other.utf8).allSatisfy { $0 | 0x20 == $1 }
    }
}
