/// A JSON string's content with its escapes resolved.
enum JSONEscapes {
    /// - Parameter content: between the quotes; every escape is complete. Half of a surrogate pair, which the reader
    ///   reports as a fault of its item, becomes U+FFFD.
    static func resolved(_ content: UnsafeBufferPointer<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == backslash, index + 1 < content.count else {
                output.append(content[index])
                index += 1
                continue
            }
            guard let first = unit(content, at: index) else {
                output.append(plain(content[index + 1]))
                index += 2
                continue
            }
            index += 6
            var scalar = first
            if (0xD800..<0xDC00).contains(first), let second = unit(content, at: index),
                (0xDC00..<0xE000).contains(second)
            {
                scalar = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
                index += 6
            }
            output.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static let backslash = UInt8(ascii: "\\")

    private static func plain(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }

    /// The UTF-16 unit of a `\uXXXX` that begins at `start`; nil where none does.
    private static func unit(_ content: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32? {
        guard start + 6 <= content.count, content[start] == backslash, content[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt32(String(decoding: content[start + 2..<start + 6], as: UTF8.self), radix: 16)
    }
}
