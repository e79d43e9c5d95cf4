import Glibc

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

    /// Settles the usual case, in which nothing has to change, by looking at line ends alone.
    private static func scan(_ data: [UInt8]) -> (isClean: Bool, hasEightBitBytes: Bool) {
        data.withUnsafeBufferPointer { data in
            (isClean(data), data.reduce(0) { $0 | $1 } >= 0x80)
        }
    }

    private static func isClean(_ data: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = data.baseAddress else { return false }
        var line = 0
        while line < data.count {
            guard data[line] != 0x2E, let end = offset(of: 0x0A, in: base, line..<data.count), end > line,
                offset(of: 0x0D, in: base, line..<end) == end - 1
            else { return false }
            line = end + 1
        }
        return true
    }

    private static func offset(of byte: Int32, in base: UnsafePointer<UInt8>, _ range: Range<Int>) -> Int? {
        memchr(base + range.lowerBound, byte, range.count).map { UnsafeRawPointer($0) - UnsafeRawPointer(base) }
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
