/// A mailbox: local part, domain, and the name shown beside it (RFC 5322, section 3.4).
///
/// Strict by intent: the local part is a dot-atom of ASCII. Quoted local parts, comments, groups, routes and address
/// literals are refused, because what they are good for in practice is slipping past checks.
public struct MailAddress: Sendable, Hashable {
    /// As given: only the receiving domain knows whether case matters.
    public let localPart: String
    public let domain: MailDomain
    /// Shown by mail programs; nil: none.
    public var displayName: HeaderValue?

    /// `local-part@domain`, as SMTP and headers use it.
    public var address: String { "\(localPart)@\(domain.name)" }

    public init(localPart: String, domain: MailDomain, displayName: HeaderValue? = nil) throws(MailError) {
        self.localPart = try Self.checked(localPart)
        self.domain = domain
        self.displayName = displayName
        guard address.utf8.count <= 254 else { throw MailError(.malformedAddress, "the address is too long") }
    }

    /// Reads `local-part@domain`, with nothing around it. Throws `malformedAddress`, or `needsInternationalMail`.
    public init(_ address: String, displayName: HeaderValue? = nil) throws(MailError) {
        let at = UInt8(ascii: "@")
        guard let middle = address.utf8.firstIndex(of: at), middle == address.utf8.lastIndex(of: at) else {
            throw MailError(.malformedAddress, "not of the form local-part@domain")
        }
        let domain = String(address[address.utf8.index(after: middle)...])
        try self.init(
            localPart: String(address[..<middle]), domain: MailDomain(domain), displayName: displayName)
    }

    /// Reads `Name <local-part@domain>`, `"Name" <local-part@domain>` or a bare address, as definitions write senders.
    public init(parsing text: String) throws(MailError) {
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
            try self.init(text)
            return
        }
        let inner = text[text.index(after: open)...].dropLast()
        var name = Self.trimmed(text[..<open])
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = name.dropFirst().dropLast() }
        guard !name.contains(where: { "<>\"".contains($0) }) else {
            throw MailError(.malformedAddress, "the display name holds a quote or an angle bracket")
        }
        try self.init(String(inner), displayName: name.isEmpty ? nil : HeaderValue(String(name)))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }

    private static func checked(_ local: String) throws(MailError) -> String {
        guard local.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw MailError(.needsInternationalMail, "the local part is not ASCII: it needs SMTPUTF8")
        }
        let atoms = local.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard local.utf8.count <= 64, atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(ASCII.isAtomText) }) else {
            throw MailError(.malformedAddress, "the local part is malformed")
        }
        return local
    }
}
