import Model

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

extension ListID {
    /// The list of those who consented to a topic: the topic's name as a label before the sender's domain.
    ///
    /// What a label cannot hold becomes hyphens, of which none stand at its ends; a name too long for a label keeps its
    /// beginning and a hash of the whole. Throws `malformedDomain` only where the domain leaves no room for a label.
    public init(topic: String, at domain: MailDomain) throws(MailError) {
        self.init(try MailDomain("\(Self.label(topic)).\(domain.name)"))
    }

    private static func label(_ topic: String) -> String {
        let label = trimmed(topic.utf8.map { ASCII.isAlphanumeric($0) ? $0 : hyphen }[...])
        guard label.isEmpty || label.count > 63 else { return String(decoding: label, as: UTF8.self) }
        let beginning = trimmed(label.prefix(46))
        return String(decoding: beginning, as: UTF8.self) + (beginning.isEmpty ? "" : "-") + hash(topic)
    }

    private static let hyphen = UInt8(ascii: "-")

    private static func trimmed(_ label: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var label = label.drop { $0 == hyphen }
        while label.last == hyphen { label.removeLast() }
        return label
    }

    /// 16 hexadecimal digits.
    private static func hash(_ topic: String) -> String {
        let digits = String(UniqueID.derived("loods.list", topic).low, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// How a mail came about, for those who answer automatically (RFC 3834, section 5).
public enum AutoSubmission: String, Sendable, Hashable {
    case generated = "auto-generated"
    case replied = "auto-replied"
}
