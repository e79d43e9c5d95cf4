/// Text of strangers as its bytes: mostly UTF-8, and searched as if it were ASCII.
struct ByteText {
    let bytes: [UInt8]
    /// The same with ASCII's capitals in lower case, so that places agree.
    let lower: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lower = bytes.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    }

    init(_ text: some StringProtocol) { self.init(Array(text.utf8)) }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (9...13).contains(byte) }

    var isBlank: Bool { bytes.allSatisfy(Self.isSpace) }

    /// Without their ends.
    var lines: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    subscript(range: Range<Int>) -> ByteText { ByteText(Array(bytes[range])) }

    func cut(to limit: Int) -> ByteText { bytes.count <= limit ? self : self[0..<limit] }

    /// Where `text`, which is in lower case, first stands at or behind a place.
    func place(of text: String, from start: Int = 0) -> Int? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, wanted.count <= lower.count - start else { return nil }
        return (start...(lower.count - wanted.count)).first { place in
            lower[place] == first && lower[place..<place + wanted.count].elementsEqual(wanted)
        }
    }

    func contains(_ text: String) -> Bool { place(of: text) != nil }

    /// On one line, white space as single blanks; what is no UTF-8 becomes U+FFFD.
    /// - Parameter limit: bytes; a character is not cut.
    func sentence(_ limit: Int) -> String {
        var text: [UInt8] = []
        for byte in bytes where text.count < limit + 4 {
            if !Self.isSpace(byte) {
                text.append(byte)
            } else if text.last.map({ $0 != 0x20 }) ?? false {
                text.append(0x20)
            }
        }
        var sentence = String(decoding: text, as: UTF8.self)
        while sentence.utf8.count > limit || sentence.utf8.last == 0x20 { sentence.unicodeScalars.removeLast() }
        return sentence
    }
}
