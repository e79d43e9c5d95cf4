/// The address of a page or an endpoint: absolute, http or https, in ASCII, at most 900 bytes.
///
/// Providers honour one-click unsubscribing for https only (RFC 8058); http is for development.
public struct HeaderURL: Sendable, Hashable {
    public let text: String

    /// Throws `malformedURL` unless `text` is an http or https URL without spaces, control characters or brackets.
    public init(_ text: String) throws(MailError) {
        let rest = ["https://", "http://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) }
        guard let rest, let first = rest.utf8.first, ASCII.isAlphanumeric(first) || first == UInt8(ascii: "["),
            text.utf8.count <= 900, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"<>\"\\,".utf8.contains($0) })
        else { throw MailError(.malformedURL, "not an http or https URL that fits a header") }
        self.text = text
    }
}

/// The name of a list of mails (RFC 2919): `name.domain`, with an optional description.
public struct ListID: Sendable, Hashable {
    public let identifier: MailDomain
    public let description: HeaderValue?

    public init(_ identifier: MailDomain, description: HeaderValue? = nil) {
        self.identifier = identifier
        self.description = description
    }
}

/// How a mail came about, for those who answer automatically (RFC 3834, section 5).
public enum AutoSubmission: String, Sendable, Hashable {
    case generated = "auto-generated"
    case replied = "auto-replied"
}
