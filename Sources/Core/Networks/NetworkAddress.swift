/// An IPv4 or IPv6 address.
public struct NetworkAddress: Sendable, Hashable {
    /// The 128 bits of an IPv6 address; an IPv4 address in its mapped form (RFC 4291, section 2.5.5.2).
    public let high: UInt64
    public let low: UInt64
    public let isSix: Bool

    /// `::ffff:0:0/96`.
    private static let mapped: UInt64 = 0xFFFF_0000_0000

    public init(high: UInt64, low: UInt64) { (self.high, self.low, isSix) = (high, low, true) }

    public init(four word: UInt32) { (high, low, isSix) = (0, Self.mapped | UInt64(word), false) }

    /// Of four bytes, or of sixteen, the first one first; nil for another number of them.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(four: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// Four bytes, or sixteen.
    public var bytes: [UInt8] {
        let all = [high, low].flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) }
        return isSix ? all : Array(all.suffix(4))
    }

    /// The IPv4 address that an IPv6 address holds in its mapped form; else the address as it is.
    public var unmapped: NetworkAddress {
        isSix && high == 0 && low >> 32 == Self.mapped >> 32
            ? NetworkAddress(four: UInt32(truncatingIfNeeded: low)) : self
    }

    /// The address as one of IPv6.
    public var asSix: NetworkAddress { NetworkAddress(high: high, low: low) }

    /// The address with all bits behind the first `bits` zero.
    public func masked(to bits: Int) -> NetworkAddress {
        let bits = max(0, isSix ? bits : bits + 96)
        let high = bits >= 64 ? high : high & ~(UInt64.max >> UInt64(bits))
        let low = bits >= 128 ? low : bits <= 64 ? 0 : low & ~(UInt64.max >> UInt64(bits - 64))
        return isSix ? NetworkAddress(high: high, low: low) : NetworkAddress(four: UInt32(truncatingIfNeeded: low))
    }
}
