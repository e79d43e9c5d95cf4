public import Content
public import Model

/// A postcard: what its two sides show, on what ground it may be sent, and which attributes make its address.
public struct PostcardDefinition: Sendable {
    public var name: String
    /// In the workspace's own language.
    public var own: PostcardSides
    /// In others; a side that is not written in one is there as in the workspace's own.
    public var translations: [LanguageTag: PostcardSides] = [:]
    /// The workspace's own; nil where it does not say.
    public var language: LanguageTag?
    public var ground: EmailDefinition.Ground
    public var address: PostalAddress
    /// The same for the same files.
    public var digest: UniqueID
}

/// What a postcard shows in one language: two fragments of HTML.
public struct PostcardSides: Sendable {
    /// The side of the picture.
    public var front: Template
    /// The side of the address.
    public var back: Template
}

extension PostcardDefinition {
    /// What it shows to a contact: in the language of their attribute `locale`, or one that this is a kind of, or else in the
    /// workspace's own.
    public func sides(for attributes: [String: JSON]) -> PostcardSides {
        LanguageTag.best(for: attributes, own: language, among: translations) ?? own
    }
}

/// Which attributes of a contact make a postal address.
public struct PostalAddress: Sendable, Hashable {
    /// The parts of an address in their order, and whether mail needs them.
    static let parts: [(name: String, isNeeded: Bool)] = [
        ("name", true), ("company", false), ("street", true), ("extra", false), ("postal_code", true), ("city", true),
        ("region", false), ("country", false),
    ]
    private static let longest = 200

    /// The attribute of each part.
    var attributes: [String: String]

    /// Every part is the attribute of its name, but for those that are said otherwise.
    init(_ attributes: [String: String] = [:]) {
        self.attributes = Dictionary(uniqueKeysWithValues: Self.parts.map { ($0.name, $0.name) })
            .merging(attributes) { $1 }
    }

    /// The attributes without which there is no address, in the order of its parts.
    public var neededAttributes: [String] {
        Self.parts.filter(\.isNeeded).compactMap { attributes[$0.name] }
    }

    /// The parts of a contact's address; nil where one is missing that mail needs.
    public func parts(of contact: [String: JSON]) -> [String: String]? {
        var address: [String: String] = [:]
        for part in Self.parts {
            let text = attributes[part.name].flatMap { contact[$0]?.addressText }
            if let text { address[part.name] = String(text.prefix(Self.longest)) }
            if text == nil, part.isNeeded { return nil }
        }
        return address
    }
}

extension JSON {
    /// One line with something in it; nil for what is none.
    fileprivate var addressText: String? {
        let text: String
        switch self {
        case .string(let value): text = value
        case .int(let value): text = String(value)
        default: return nil
        }
        let line = text.split {
            $0.isWhitespace || $0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        .joined(separator: " ")
        return line.isEmpty ? nil : line
    }
}

/// Where a workspace's postcards go.
public enum Post: Sendable, Hashable {
    /// To a provider that prints and posts them, by a signed request.
    case webhook(Webhook)
    /// Into a folder of the mailer's machine.
    case folder
}
