import NIOCore
import Networks

extension NetworkAddress {
    /// Nil for an address of another kind than the internet's. What comes over a socket for both kinds is of its own kind.
    init?(_ address: SocketAddress) {
        // `sockaddr_in` holds the address from its fifth byte on, `sockaddr_in6` from its ninth.
        switch address {
        case .v4(let address):
            let word = withUnsafeBytes(of: address.address) { $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self) }
            self.init(four: UInt32(bigEndian: word))
        case .v6(let address):
            let words = withUnsafeBytes(of: address.address) { bytes in
                [8, 16].map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
            }
            self = NetworkAddress(high: UInt64(bigEndian: words[0]), low: UInt64(bigEndian: words[1])).unmapped
        default: return nil
        }
    }

    /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`, as proxies write them. Nil for anything else.
    init?(hop text: some StringProtocol) {
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
        guard let address = NetworkAddress(host) else { return nil }
        self = address.unmapped
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
    }

    /// Whom a limit is for: the address, of IPv6 its /64, since that is what one subscriber is given.
    var subscriber: NetworkAddress { isSix ? masked(to: 64) : self }
}
