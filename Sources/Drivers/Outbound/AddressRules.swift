import Glibc

/// An address of a host, as the resolver gives it.
struct IPAddress: Sendable, Hashable {
    /// Four bytes, or sixteen.
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a literal; nil for what is none.
    init?(_ text: String) {
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
    }

    var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it is one of the internet's at large: none of those that the registries for special purposes keep back (RFC
    /// 6890 and its updates), nor one that leads to an IPv4 address by way of an IPv6 one.
    var isPublic: Bool { !Self.reserved.contains { $0.holds(bytes) } }

    private struct Block {
        let prefix: [UInt8]
        let bits: Int

        init(_ text: String, _ bits: Int) {
            prefix = IPAddress(text)!.bytes
            self.bits = bits
        }

        func holds(_ bytes: [UInt8]) -> Bool {
            guard bytes.count == prefix.count else { return false }
            let (whole, rest) = bits.quotientAndRemainder(dividingBy: 8)
            guard bytes[..<whole] == prefix[..<whole] else { return false }
            return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0
        }
    }

    private static let reserved: [Block] = [
        // This network, private use, shared by carriers, this host, link-local with the clouds' metadata.
        Block("0.0.0.0", 8), Block("10.0.0.0", 8), Block("100.64.0.0", 10), Block("127.0.0.0", 8),
        Block("169.254.0.0", 16), Block("172.16.0.0", 12), Block("192.168.0.0", 16),
        // Protocols, documentation, relays, benchmarks, multicast, future use and broadcast.
        Block("192.0.0.0", 24), Block("192.0.2.0", 24), Block("192.88.99.0", 24), Block("198.18.0.0", 15),
        Block("198.51.100.0", 24), Block("203.0.113.0", 24), Block("224.0.0.0", 4), Block("240.0.0.0", 4),
        // Unspecified, this host, IPv4 within IPv6 and its translations, discard, protocols, documentation, 6to4.
        Block("::", 96), Block("::ffff:0:0", 96), Block("64:ff9b::", 96), Block("64:ff9b:1::", 48),
        Block("100::", 64), Block("2001::", 23), Block("2001:db8::", 32), Block("2002::", 16), Block("3fff::", 20),
        // Unique local, link-local, site-local, multicast.
        Block("fc00::", 7), Block("fe80::", 10), Block("fec0::", 10), Block("ff00::", 8),
    ]
}
