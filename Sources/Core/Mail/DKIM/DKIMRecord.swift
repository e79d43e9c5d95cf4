/// What DNS says of a key, as a TXT record at `SELECTOR._domainkey.DOMAIN` (RFC 6376, section 3.6).
public struct DKIMRecord: Sendable, Hashable {
    /// The record's name, without a dot at the end.
    public let name: String
    /// `v=DKIM1; k=…; p=…`.
    public let text: String

    public init(_ selector: DKIMSelector, _ domain: MailDomain, _ key: DKIMKey) {
        name = "\(selector)._domainkey.\(domain.name)"
        let publicKey = String(decoding: Base64.encode(key.publicKey), as: UTF8.self)
        text = "v=DKIM1; k=\(key.kind.rawValue); p=\(publicKey)"
    }

    /// The text in pieces of 255 bytes at the most, which is all that one string of a record holds (RFC 1035, section 3.3).
    public var strings: [String] {
        var (rest, strings) = (text[...], [String]())
        while !rest.isEmpty {
            strings.append(String(rest.prefix(255)))
            rest = rest.dropFirst(255)
        }
        return strings
    }

    /// The line of a zone file.
    public var zoneLine: String {
        "\(name). IN TXT (" + strings.map { " \"\($0)\"" }.joined() + " )"
    }
}
