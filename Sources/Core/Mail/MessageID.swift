public import Model

/// The `Message-ID` of a mail (RFC 5322, section 3.6.4): our own id of the message at a domain of the sender.
public struct MessageID: Sendable, Hashable, CustomStringConvertible {
    public let id: UniqueID
    public let domain: MailDomain

    public init(_ id: UniqueID, at domain: MailDomain) {
        self.id = id
        self.domain = domain
    }

    /// `<id@domain>`.
    public var description: String { "<\(id)@\(domain.name)>" }
}
