public import Content
public import Model

/// What an e-mail says in one language.
public struct EmailVariant: Sendable {
    /// Nil where the workspace does not say which its own is.
    public var language: LanguageTag?
    public var template: EmailTemplate
    /// Shown by mail programs beside the subject; rendered for HTML, to stand hidden at the beginning of the body.
    public var preheader: Template?
}

extension EmailDefinition {
    /// What it says in the workspace's own language.
    public var own: EmailVariant { EmailVariant(language: language, template: template, preheader: preheader) }

    /// What it says to a contact: in the language of their attribute `locale`, or one that this is a kind of (`nl` for
    /// `nl-BE`), or else in the workspace's own.
    ///
    /// - Parameter attributes: the contact's.
    public func variant(for attributes: [String: JSON]) -> EmailVariant {
        LanguageTag.best(for: attributes, own: language, among: translations) ?? own
    }

    /// The names that any of its variants refers to, each once.
    public var mergeFields: Set<String> {
        ([own] + translations.values).reduce(into: []) {
            $0.formUnion($1.template.mergeFields + ($1.preheader?.mergeFields ?? []))
        }
    }
}

extension LanguageTag {
    /// Of translations the one that a contact reads; nil for the workspace's own language.
    static func best<Variant>(
        for attributes: [String: JSON], own: LanguageTag?, among translations: [LanguageTag: Variant]
    ) -> Variant? {
        guard !translations.isEmpty, let said = attributes["locale"]?.string, let tag = LanguageTag(saidBy: said) else {
            return nil
        }
        for tag in tag.fallbacks {
            if tag == own { return nil }
            if let translation = translations[tag] { return translation }
        }
        return nil
    }
}
