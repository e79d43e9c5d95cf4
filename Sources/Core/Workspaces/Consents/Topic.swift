public import Model
public import SendGate

/// A purpose for which consent is given.
public struct Topic: Sendable, Hashable {
    /// How consent is confirmed by mail before it counts.
    public struct Confirmation: Sendable, Hashable {
        /// How long a request waits for its confirmation.
        public var within: Span
        /// The e-mail that asks; nil: the one that Loods has.
        public var email: String?
        /// Where in `workspace.yaml` that stands.
        var place: YAMLNode.Place
    }

    /// What people said yes to before the wording changed.
    public struct EarlierWording: Sendable, Hashable {
        public var version: Int
        public var wording: LocalizedText
    }

    public var name: String
    /// What a person says yes to.
    public var wordings: LocalizedText
    /// Grows when the wording changes.
    public var version: Int
    public var earlier: [EarlierWording] = []
    /// What pages call it; nil: by its name.
    public var title: LocalizedText?
    public var basis = LegalBasis.consent
    /// Nil: consent counts when it is given.
    public var confirmation: Confirmation?

    /// Whether mail goes to nobody who has not said yes.
    public var restsOnConsent: Bool { basis == .consent }

    /// What a person says yes to, in the workspace's own language.
    public var wording: String { wordings.own }

    /// The words of a version; nil where there is no such version.
    ///
    /// - Parameter version: nil: the one that is shown now.
    public func wording(version: Int? = nil, in language: String? = nil) -> LocalizedText.Said? {
        let words =
            version == nil || version == self.version ? wordings : earlier.first { $0.version == version }?.wording
        return words?.said(in: language)
    }

    /// The journey that asks for the confirmation; a name that no file can have.
    public var confirmationJourney: String { Self.confirmationPrefix + name }
    /// The e-mail that asks.
    public var confirmationEmail: String { confirmation?.email ?? confirmationJourney }

    public static let confirmationPrefix = "confirm:"
    /// How long a request waits where nothing else is said.
    static let patience = Span.days(14)
}

/// A text in the workspace's own language and in others.
public struct LocalizedText: Sendable, Hashable {
    public struct Said: Sendable, Hashable {
        public var text: String
        /// Nil: the workspace's own, where that has no name.
        public var language: LanguageTag?
    }

    public var own: String
    /// Nil where the workspace does not say which it is.
    public var language: LanguageTag?
    public var others: [LanguageTag: String]

    public init(_ own: String, in language: LanguageTag? = nil, others: [LanguageTag: String] = [:]) {
        self.own = own
        self.language = language
        self.others = others
    }

    /// In the language that somebody reads, or one that it is a kind of, or else in the workspace's own.
    public func said(in wanted: String?) -> Said {
        for tag in wanted.flatMap({ LanguageTag(saidBy: $0) })?.fallbacks ?? [] {
            if tag == language { break }
            if let text = others[tag] { return Said(text: text, language: tag) }
        }
        return Said(text: own, language: language)
    }
}
