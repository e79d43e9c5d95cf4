import Crypto

/// 128 bits that name one thing; written as a UUID (RFC 9562).
///
/// Ids of subjects, runs and messages are *derived* from what they stand for, so that doing a thing twice names it once.
public struct UniqueID: Sendable, Hashable, Comparable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static func < (left: UniqueID, right: UniqueID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// A random id from the system's generator (version 4). For composition roots and edges only.
    public static func random() -> UniqueID {
        UniqueID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)).marked(version: 4)
    }

    /// The id of the thing that `parts` describe, under `purpose`: SHA-256 over the length-prefixed parts, cut to 128
    /// bits and marked as UUID version 8.
    public static func derived(_ purpose: String, _ parts: String...) -> UniqueID {
        var text: [UInt8] = []
        text.reserveCapacity(128)
        for part in [purpose] + parts {
            withUnsafeBytes(of: UInt32(part.utf8.count).littleEndian) { text.append(contentsOf: $0) }
            text.append(contentsOf: part.utf8)
        }
        return SHA256.hash(data: text).withUnsafeBytes {
            UniqueID(
                high: $0.loadUnaligned(as: UInt64.self).bigEndian,
                low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian)
        }.marked(version: 8)
    }

    private func marked(version: UInt64) -> UniqueID {
        UniqueID(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | version << 12,
            low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}

extension UniqueID: LosslessStringConvertible {
    /// Reads the 36-character form, in either case. Returns nil for anything else.
    public init?(_ text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 36 else { return nil }
        var words: [UInt64] = [0, 0]
        var digits = 0
        for (index, byte) in utf8.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            words[digits / 16] = words[digits / 16] << 4 | UInt64(digit)
            digits += 1
        }
        self.init(high: words[0], low: words[1])
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var index = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[index] = UInt8(ascii: "-")
                    index += 1
                }
                let word = digit < 16 ? high : low
                let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - digit % 16 * 4)) & 15
                text[index] = value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "a")
                index += 1
            }
            return index
        }
    }
}
