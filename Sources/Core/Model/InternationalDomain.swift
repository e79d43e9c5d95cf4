import CIDN

/// Domain names in other letters than ASCII's (RFC 5890), as DNS and mail servers take them: `bücher.example` is
/// `xn--bcher-kva.example`. By UTS #46, non-transitional.
public enum InternationalDomain {
    /// Nil where there is no such name. What DNS does not take of ASCII is refused here: libidn2 leaves it out.
    public static func ascii(_ name: String) -> String? {
        var output: UnsafeMutablePointer<CChar>?
        guard name.utf8.allSatisfy(isPlain), idn2_to_ascii_8z(name, &output, loods_idn_flags) == IDN2_OK.rawValue,
            let output
        else { return nil }
        defer { idn2_free(output) }
        return String(cString: output)
    }

    /// The name in its own letters, where it has any but ASCII's; nil where it is no such name.
    static func unicode(_ name: String) -> String? {
        var output: UnsafeMutablePointer<CChar>?
        guard idn2_to_unicode_8z8z(name, &output, 0) == IDN2_OK.rawValue, let output else { return nil }
        defer { idn2_free(output) }
        return String(cString: output)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }
}

extension String {
    /// This e-mail address as addresses are compared: in lower case, with the domain that DNS knows. However somebody writes
    /// it, it is one address in the ledger, to the gate and to erasure.
    public var comparedAddress: String { addressOfDNS.lowercased() }

    /// This e-mail address with the domain that DNS knows (RFC 5890): `Kim@bücher.example` is `Kim@xn--bcher-kva.example`.
    /// Unchanged where there is none, or the whole would be longer than an address may be (RFC 5321, section 4.5.3.1).
    public var addressOfDNS: String {
        guard utf8.contains(where: { $0 >= 0x80 }), let (local, name) = partsOfAddress,
            let domain = InternationalDomain.ascii(String(name))
        else { return self }
        let address = "\(local)@\(domain)"
        return address.utf8.count <= 254 ? address : self
    }

    /// This e-mail address in each way in which it may stand in what was written before domains were compared as DNS knows
    /// them: as addresses are compared, in lower case, and with its domain in the domain's own letters.
    public var addressSpellings: [String] {
        let compared = comparedAddress
        guard let (local, domain) = compared.partsOfAddress,
            domain.utf8.split(separator: UInt8(ascii: ".")).contains(where: { $0.starts(with: "xn--".utf8) }),
            let shown = InternationalDomain.unicode(String(domain))
        else { return [compared] }
        return Set([compared, lowercased(), "\(local)@\(shown)"]).sorted()
    }

    /// What stands before and behind the last @; by bytes, as mail servers see it: to Swift, letters that combine with it make
    /// another character of it.
    private var partsOfAddress: (local: Substring, domain: Substring)? {
        utf8.lastIndex(of: UInt8(ascii: "@")).map { (self[..<$0], self[utf8.index(after: $0)...]) }
    }
}
