/// Standard base64 with padding (RFC 4648, section 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [Int8] = {
        var values = [Int8](repeating: -1, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = Int8(value) }
        return values
    }()

    static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var (bits, count) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | Int(byte)
            count += 1
            if count == 3 {
                append(bits, places: 4, to: &output)
                (bits, count) = (0, 0)
            }
        }
        if count > 0 {
            append(bits << (8 * (3 - count)), places: count + 1, to: &output)
            output += [UInt8](repeating: UInt8(ascii: "="), count: 3 - count)
        }
        return output
    }

    private static func append(_ bits: Int, places: Int, to output: inout [UInt8]) {
        for place in 0..<places { output.append(alphabet[bits >> (18 - 6 * place) & 63]) }
    }

    /// What it stands for; nil where something else than digits, padding and white space is in it.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var (bits, count, padding) = (0, 0, 0)
        for byte in text where !(byte == ASCII.space || (0x09...0x0D).contains(byte)) {
            if byte == UInt8(ascii: "=") { padding += 1; continue }
            let value = values[Int(byte)]
            guard value >= 0, padding == 0 else { return nil }
            bits = (bits << 6 | Int(value)) & 0xFF_FFFF
            count += 1
            if count % 4 != 1 { output.append(UInt8(truncatingIfNeeded: bits >> (6 - 2 * ((count - 1) % 4)))) }
        }
        return padding <= 2 && count % 4 != 1 ? output : nil
    }
}
