/// A JSON string's content with its escapes resolved.
enum JSONEscapes {
    /// - Parameter content: between the quotes, and already found sound: every escape is complete, every surrogate
    ///   paired.
    static func resolved(_ content: UnsafeBufferPointer<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\"), index + 1 < content.count else {
                output.append(content[index])
                index += 1
                continue
            }
            if content[index + 1] == UInt8(ascii: "u") {
                var unit = hexadecimal(content, at: index + 2)
                index += 6
                if (0xD800..<0xDC00).contains(unit), index + 6 <= content.count {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (hexadecimal(content, at: index + 2) - 0xDC00)
                    index += 6
                }
                output.append(contentsOf: String(Character(Unicode.Scalar(unit) ?? "\u{FFFD}")).utf8)
            } else {
                output.append(plain(content[index + 1]))
                index += 2
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

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

    private static func hexadecimal(_ content: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32 {
        content[start..<min(start + 4, content.count)].reduce(0) { unit, byte in
            unit << 4 | UInt32(byte < 58 ? byte - 48 : (byte | 0x20) - 87)
        }
    }
}
