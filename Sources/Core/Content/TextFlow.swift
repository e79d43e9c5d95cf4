/// Plain text as it is put together: white space becomes one space, lines end where blocks do, and paragraphs are one empty
/// line apart.
struct TextFlow {
    /// Before lines that begin.
    var indent = 0
    private var output: [UInt8] = []
    /// The line ends that are due before what comes next: 2 make an empty line.
    private var ends = 0
    private var hasSpace = false
    private var separator: String?

    /// Where the text has come to.
    var mark: Int { output.count }

    mutating func add(_ words: String) {
        for byte in words.utf8 {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D: hasSpace = true
            default:
                begin()
                output.append(byte)
            }
        }
    }

    /// A line that begins so, whatever follows.
    mutating func begin(_ bullet: String) {
        endLine()
        begin()
        output += bullet.utf8
    }

    /// Stands between what is on the line and what comes next on it.
    mutating func separate(by text: String) { if !output.isEmpty, ends == 0 { separator = text } }

    mutating func endLine() {
        ends = max(ends, 1)
        (hasSpace, separator) = (false, nil)
    }

    /// Ends the line, and leaves no line empty.
    mutating func endLineOnly() {
        endLine()
        ends = 1
    }

    mutating func endParagraph() {
        ends = 2
        (hasSpace, separator) = (false, nil)
    }

    private mutating func begin() {
        if output.isEmpty || ends > 0 {
            if !output.isEmpty {
                // A bullet whose item begins with a paragraph stays beside it.
                if isAfterBullet {
                    (ends, hasSpace) = (0, false)
                    return
                }
                output += Array(repeating: 0x0A, count: min(2, ends))
            }
            output += Array(repeating: 0x20, count: indent)
        } else if let separator {
            output += separator.utf8
        } else if hasSpace, output.last != 0x20 {
            output.append(0x20)
        }
        (ends, hasSpace, separator) = (0, false, nil)
    }

    private var isAfterBullet: Bool {
        guard output.last == 0x20, output.count > 1 else { return false }
        return output[output.count - 2] == UInt8(ascii: "-") || output[output.count - 2] == UInt8(ascii: ".")
    }

    /// What has been added since a mark, without space around it.
    func words(since mark: Int) -> String {
        String(decoding: output[min(mark, output.count)...], as: UTF8.self).trimmingHTMLSpace
    }

    var finished: String {
        var text = String(decoding: output, as: UTF8.self)
        while text.utf8.last == 0x20 || text.utf8.last == 0x0A { text.removeLast() }
        return text + "\n"
    }
}

extension String {
    var trimmingHTMLSpace: String {
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.isHTMLSpace }),
            let end = scalars.lastIndex(where: { !$0.isHTMLSpace })
        else { return "" }
        return String(scalars[start...end])
    }
}
