/// Eight bytes that are looked at together, in one register (Lamport, "Multiple byte processing with full-word instructions",
/// 1975).
struct Octets {
    static let count = 8
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The first byte is the lowest.
    private let word: UInt64

    /// Nil where there are not so many.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) {
        guard index + Self.count <= bytes.count, let start = bytes.baseAddress else { return nil }
        word = UInt64(littleEndian: UnsafeRawPointer(start + index).loadUnaligned(as: UInt64.self))
    }

    func store(in bytes: UnsafeMutableBufferPointer<UInt8>, at index: Int) {
        precondition(index + Self.count <= bytes.count)
        UnsafeMutableRawPointer(bytes.baseAddress! + index).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    func contains(_ byte: UInt8) -> Bool {
        let rest = word ^ (UInt64(byte) &* Self.ones)
        return (rest &- Self.ones) & ~rest & Self.highBits != 0
    }

    /// Whether all are printed characters of ASCII or spaces.
    var arePrinted: Bool {
        (word | (word &- 0x20 &* Self.ones)) & Self.highBits == 0 && !contains(0x7F)
    }

    /// Whether a byte stands beside another of its kind, or may: the last is one.
    func mayCollapse(_ byte: UInt8) -> Bool {
        let rest = word ^ (UInt64(byte) &* Self.ones)
        // The high bit of each that is the byte.
        let found = ~(((rest & ~Self.highBits) &+ ~Self.highBits) | rest | ~Self.highBits)
        return found & (found >> 8) != 0 || found >> 63 != 0
    }
}
