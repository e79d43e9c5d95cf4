import NIOCore

/// Finds where a message ends, and only CRLF.CRLF ends one: whatever a bare CR or LF may look like, it is content.
struct MessageEnd {
    /// How many of the buffer's readable bytes are known not to begin an end.
    private var searched = 0

    /// The length of the message in `buffer`, the end of its last line included and the final dot not; nil where the
    /// end has not come.
    mutating func find(in buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            if bytes.starts(with: [0x2E, 0x0D, 0x0A]) { return 0 }
            var index = searched
            while index + 5 <= bytes.count {
                // The dot is the rarest of the five.
                guard bytes[index + 2] == 0x2E else {
                    index += 1
                    continue
                }
                if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 3] == 0x0D, bytes[index + 4] == 0x0A {
                    return index + 2
                }
                index += 1
            }
            searched = index
            return nil
        }
    }

    /// `message` without the dots that were put before those at the start of lines (RFC 5321, section 4.5.2).
    static func unstuffed(_ message: ByteBufferView) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(message.count)
        message.withUnsafeBytes { bytes in
            var start = 0
            for index in bytes.indices where bytes[index] == 0x2E {
                let atLineStart = index == 0 || (index >= 2 && bytes[index - 1] == 0x0A && bytes[index - 2] == 0x0D)
                guard atLineStart else { continue }
                output.append(contentsOf: bytes[start..<index])
                start = index + 1
            }
            output.append(contentsOf: bytes[start...])
        }
        return output
    }
}
