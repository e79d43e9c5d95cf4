/// A message as it goes between DATA and the final dot.
///
/// Every CR and LF is part of a CRLF, the last line ends, and lines that begin with a dot have another before it (RFC
/// 5321, section 4.5.2). So the sequence that ends a message cannot occur in it, whatever its bytes: there is nothing for
/// a server to read as a second message.
struct MessageBody: Sendable, Hashable {
    let bytes: [UInt8]
    let hasEightBitBytes: Bool

    init(_ data: [UInt8]) {
        let scan = Self.scan(data)
        bytes = scan.isClean ? data : Self.normalized(data)
        hasEightBitBytes = scan.hasEightBitBytes
    }

    /// One pass that settles the usual case, in which nothing has to change.
    private static func scan(_ data: [UInt8]) -> (isClean: Bool, hasEightBitBytes: Bool) {
        data.withUnsafeBufferPointer { data in
            var all: UInt8 = 0
            var previous: UInt8 = 0x0A
            var isClean = true
            for byte in data {
                all |= byte
                if (previous == 0x0D) != (byte == 0x0A) || (previous == 0x0A && byte == 0x2E) { isClean = false }
                previous = byte
            }
            return (isClean && previous == 0x0A, all >= 0x80)
        }
    }

    private static func normalized(_ data: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(data.count + data.count / 32 + 2)
        var atLineStart = true
        var index = 0
        while index < data.count {
            let byte = data[index]
            index += 1
            if byte == 0x0D || byte == 0x0A {
                if byte == 0x0D, index < data.count, data[index] == 0x0A { index += 1 }
                output += [0x0D, 0x0A]
                atLineStart = true
                continue
            }
            if atLineStart, byte == 0x2E { output.append(byte) }
            output.append(byte)
            atLineStart = false
        }
        if !atLineStart { output += [0x0D, 0x0A] }
        return output
    }
}
