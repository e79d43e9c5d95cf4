/// A range of addresses: all that begin alike (CIDR, RFC 4632).
public struct Network: Sendable, Hashable, CustomStringConvertible {
    public let base: NetworkAddress
    /// How many bits they have in common: of 32, or of 128.
    public let bits: Int

    /// Nil where addresses of that kind have fewer bits.
    public init?(_ base: NetworkAddress, bits: Int) {
        guard (0...(base.isSix ? 128 : 32)).contains(bits) else { return nil }
        (self.base, self.bits) = (base, bits)
    }

    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or an address, which is a range of one. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = parts.first.flatMap({ NetworkAddress($0) }) else { return nil }
        guard parts.count == 2 else {
            self.init(base, bits: base.isSix ? 128 : 32)
            return
        }
        guard let bits = Self.number(parts[1]) else { return nil }
        self.init(base, bits: bits)
    }

    /// Digits, without a zero in front.
    private static func number(_ digits: some StringProtocol) -> Int? {
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits == "0" || !digits.hasPrefix("0")
        else { return nil }
        return Int(digits)
    }

    public var description: String { "\(base)/\(bits)" }

    /// The same range, written with all bits behind those in common zero.
    public var masked: Network { Network(base.masked(to: bits), bits: bits)! }

    /// None of the other kind is in it.
    public func contains(_ address: NetworkAddress) -> Bool {
        address.isSix == base.isSix && address.masked(to: bits) == base.masked(to: bits)
    }

    public func contains(_ other: Network) -> Bool { other.bits >= bits && contains(other.base) }
}
