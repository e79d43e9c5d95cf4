public import Model

/// A block of an e-mail that is chosen when the mail is opened.
public struct LiveContent: Sendable, Hashable {
    public var email: String
    public var block: String
    /// The mail's language; nil where that is not known.
    public var language: LanguageTag?
    /// What is shown, or led to, once the definitions have no such block any more: an absolute URL.
    public var fallback: String

    public init(email: String, block: String, language: LanguageTag?, fallback: String) {
        self.email = email
        self.block = block
        self.language = language
        self.fallback = fallback
    }

    /// Names have no spaces in them, and URLs have none.
    var text: String { "\(email) \(block) \(language?.description ?? "-") \(fallback)" }

    init(text: String) throws(LinkError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, !parts[0].isEmpty, !parts[1].isEmpty else { throw .malformed }
        if parts[2] != "-" {
            guard let tag = LanguageTag(parts[2]), tag.description == parts[2] else { throw .malformed }
            language = tag
        }
        guard Destination.isAllowed(parts[3]) else { throw .destination }
        (email, block, fallback) = (parts[0], parts[1], parts[3])
    }
}

extension LinkOrigin {
    /// No contact and no message of a workspace.
    public static func nobody(in workspace: WorkspaceID) -> LinkOrigin {
        let none = UniqueID(high: 0, low: 0)
        return LinkOrigin(contact: ContactKey(workspace: workspace, contact: none), message: none)
    }

    /// Whether it says nothing of any person.
    public var isNobody: Bool { self == .nobody(in: contact.workspace) }
}
