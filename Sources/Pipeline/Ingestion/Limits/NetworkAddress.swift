import NIOCore

/// An internet address as 16 bytes, an IPv4 address in its mapped form (RFC 4291, section 2.5.5.2).
struct NetworkAddress: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// `::ffff:0:0/96`.
    private static let mapped: UInt64 = 0xFFFF_0000_0000

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil for an address of another kind than the internet's.
    init?(_ address: SocketAddress) {
        // `sockaddr_in` holds the address from its fifth byte on, `sockaddr_in6` from its ninth.
        switch address {
        case .v4(let address):
            let word = withUnsafeBytes(of: address.address) { $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self) }
            self.init(high: 0, low: Self.mapped | UInt64(UInt32(bigEndian: word)))
        case .v6(let address):
            let words = withUnsafeBytes(of: address.address) { bytes in
                [8, 16].map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
            }
            self.init(high: UInt64(bigEndian: words[0]), low: UInt64(bigEndian: words[1]))
        default: return nil
        }
    }

    /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`, as proxies write them. Nil for anything else.
    init?(_ text: some StringProtocol) {
        var host = text.drop { $0 == " " || $0 == "\t" }
        while let last = host.last, last == " " || last == "\t" { host.removeLast() }
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]"), Self.isPort(host[host.index(after: end)...]) else { return nil }
            host = host[host.index(after: host.startIndex)..<end]
            guard host.contains(":") else { return nil }
        } else if host.count(where: { $0 == ":" }) == 1, let colon = host.firstIndex(of: ":") {
            guard Self.isPort(host[colon...]) else { return nil }
            host = host[..<colon]
        }
        guard host.utf8.count <= 45, let address = try? SocketAddress(ipAddress: String(host), port: 0) else {
            return nil
        }
        self.init(address)
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
    }

    var isIPv4: Bool { high == 0 && low >> 32 == Self.mapped >> 32 }

    /// Whom a limit is for: the address, of IPv6 its /64, since that is what one subscriber is given.
    var subscriber: NetworkAddress { isIPv4 ? self : NetworkAddress(high: high, low: 0) }
}

/// A range of addresses, as `10.0.0.0/8`, `2001:db8::/32` or a single address.
struct Network: Sendable, Hashable {
    let base: NetworkAddress
    /// Of 128 bits.
    let bits: Int

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, !address.contains("["), let base = NetworkAddress(address) else { return nil }
        let width = base.isIPv4 ? 32 : 128
        guard parts.count == 2 else {
            self.init(base: base, bits: 128)
            return
        }
        guard let bits = Int(parts[1]), (0...width).contains(bits) else { return nil }
        self.init(base: base, bits: 128 - width + bits)
    }

    private init(base: NetworkAddress, bits: Int) {
        self.base = base
        self.bits = bits
    }

    func contains(_ address: NetworkAddress) -> Bool {
        let high = bits >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(bits))
        let low = bits <= 64 ? 0 : ~(bits == 128 ? 0 : UInt64.max >> UInt64(bits - 64))
        return (address.high ^ base.high) & high == 0 && (address.low ^ base.low) & low == 0
    }
}
