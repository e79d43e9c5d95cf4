public import Content
public import JourneyProgram
public import Model

/// What an e-mail says in one language.
public struct EmailVariant: Sendable {
    /// Nil where the workspace does not say which its own is.
    public var language: LanguageTag?
    public var template: EmailTemplate
    /// Shown by mail programs beside the subject; rendered for HTML, to stand hidden at the beginning of the body.
    public var preheader: Template?

    /// The names that it refers to.
    public var mergeFields: Set<String> { Set(template.mergeFields + (preheader?.mergeFields ?? [])) }
}

/// What an e-mail says to some, in each of its languages.
public struct EmailWording: Sendable {
    /// In the workspace's own language.
    public var own: EmailVariant
    public var translations: [LanguageTag: EmailVariant] = [:]

    /// In the language of the contact's attribute `locale`, or one that this is a kind of (`nl` for `nl-BE`), or else in the
    /// workspace's own.
    func variant(for attributes: [String: JSON]) -> EmailVariant {
        LanguageTag.best(for: attributes, own: own.language, among: translations) ?? own
    }

    var variants: [EmailVariant] { [own] + translations.values }
}

extension EmailDefinition {
    /// What it says to everybody in the workspace's own language.
    public var own: EmailVariant { wording.own }

    /// What it says to a contact: in the wording that was chosen, where it has that, in the contact's language, where the
    /// wording has that.
    ///
    /// - Parameters:
    ///   - attributes: the contact's.
    ///   - cell: for whom the wording is that was chosen; nil: everybody.
    public func variant(for attributes: [String: JSON], in cell: ContentCell? = nil) -> EmailVariant {
        (cell.flatMap { wordings[$0] } ?? wording).variant(for: attributes)
    }

    /// Whether any of its wordings is in several languages.
    public var isTranslated: Bool {
        ([wording] + wordings.values).contains { !$0.translations.isEmpty }
    }

    /// How its content is chosen.
    public var rules: ContentRules { ContentRules(cells: Set(wordings.keys), blocks: blocks) }

    /// The names that any of its variants refers to, each once.
    public var mergeFields: Set<String> {
        ([wording] + wordings.values).flatMap(\.variants).reduce(into: []) { $0.formUnion($1.mergeFields) }
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
