import Networks

extension NetworkAddress {
    /// Where PTR records of it stand (RFC 1035, section 3.5; RFC 3596, section 2.5).
    var reverseName: String {
        isSix
            ? nibbles.reversed().joined(separator: ".") + ".ip6.arpa"
            : bytes.reversed().map(String.init).joined(separator: ".") + ".in-addr.arpa"
    }

    /// As SPF's macro `i` has it (RFC 7208, section 7.3).
    var dotted: String { isSix ? nibbles.joined(separator: ".") : description }

    private var nibbles: [String] { bytes.flatMap { [String($0 >> 4, radix: 16), String($0 & 15, radix: 16)] } }
}
