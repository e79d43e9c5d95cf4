/// Encoded words (RFC 2047): how headers carry what is not ASCII.
enum EncodedWords {
    private static let prefix = "=?utf-8?Q?"
    /// An encoded word has at most 75 bytes, of which prefix and suffix take 12.
    private static let room = 75 - 12

    /// Whether plain words cannot carry the text: not ASCII, spaces that folding would lose, words too long for a line,
    /// or something that a reader would take for an encoded word.
    static func isNeeded(for text: String) -> Bool {
        var run = 0
        var last = ASCII.space
        for byte in text.utf8 {
            if byte >= 0x80 || (byte == ASCII.space && last == ASCII.space) { return true }
            run = byte == ASCII.space ? 0 : run + 1
            if run > 66 { return true }
            last = byte
        }
        return (last == ASCII.space && !text.isEmpty) || text.contains("=?")
    }

    /// The text in encoded words, to be put one after the other with white space between. None splits a character.
    ///
    /// The first goes on a line of which `column` bytes are taken already; a line with an encoded word has at most 76.
    static func encode(_ text: String, after column: Int) -> [String] {
        var words: [String] = []
        var room = room - column
        var word: [UInt8] = []
        for scalar in text.unicodeScalars {
            let encoded = encode(scalar)
            if word.count + encoded.count > room {
                words.append(finish(word))
                word = []
                room = Self.room
            }
            word += encoded
        }
        if !word.isEmpty { words.append(finish(word)) }
        return words
    }

    private static func finish(_ word: [UInt8]) -> String { prefix + String(decoding: word, as: UTF8.self) + "?=" }

    /// The Q encoding in the narrow alphabet that is allowed within phrases too (RFC 2047, section 5, rule 3).
    private static func encode(_ scalar: Unicode.Scalar) -> [UInt8] {
        var output: [UInt8] = []
        for byte in UTF8.encode(scalar)! {
            if ASCII.isAlphanumeric(byte) || "!*+-/".utf8.contains(byte) {
                output.append(byte)
            } else if byte == ASCII.space {
                output.append(UInt8(ascii: "_"))
            } else {
                output += [UInt8(ascii: "="), ASCII.hexadecimal[Int(byte >> 4)], ASCII.hexadecimal[Int(byte & 15)]]
            }
        }
        return output
    }
}
