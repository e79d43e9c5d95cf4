import Model

/// The name of a mail domain, in ASCII: dot-separated labels of letters, digits and inner hyphens (RFC 5321, 4.1.2).
///
/// Held in lower case, since domains compare without regard to case. Address literals are refused.
public struct MailDomain: Sendable, Hashable {
    public let name: String

    /// Reads a domain of at most 253 bytes; one in other letters than ASCII's becomes what DNS knows it by (RFC 5890).
    /// Throws `malformedDomain`.
    public init(_ name: String) throws(MailError) {
        let isASCII = name.utf8.allSatisfy { $0 < 0x80 }
        guard name.utf8.count <= 1024, let name = isASCII ? name : InternationalDomain.ascii(name) else {
            throw MailError(.malformedDomain, "not a domain name")
        }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy(Self.isLabel), labels.last?.allSatisfy(Self.isDigit) == false
        else { throw MailError(.malformedDomain, "not a domain name") }
        self.name = name.lowercased()
    }

    /// Whether it is `other`, or a name below it.
    public func isOrIsBelow(_ other: MailDomain) -> Bool { name == other.name || name.hasSuffix(".\(other.name)") }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isLabel(_ label: some Collection<UInt8>) -> Bool {
        guard (1...63).contains(label.count) else { return false }
        let hyphen = UInt8(ascii: "-")
        var last = hyphen
        for (index, byte) in label.enumerated() {
            let letter = byte | 0x20
            guard
                isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) && byte >= 0x41
                    || (byte == hyphen && index > 0)
            else { return false }
            last = byte
        }
        return last != hyphen
    }
}
