import Content
import Model

/// E-mails in several languages: `subject: {en: Hello, nl: Hallo}` with `body.nl.txt.mustache` and `body.nl.html.mustache`.
extension EmailReader {
    /// What is written in one language, or in several by their tags.
    struct Localized {
        /// In the workspace's own; nil where it is not there.
        var own: YAMLNode?
        var others: [LanguageTag: YAMLNode] = [:]
        var place: YAMLNode.Place
    }

    func localized(_ node: YAMLNode, _ what: String) -> Localized {
        guard let members = node.members else { return Localized(own: node, place: node.place) }
        var localized = Localized(place: node.place)
        for member in members {
            guard let tag = inspection.language(member.key, "the key", at: member.keyPlace) else { continue }
            if tag == locale { localized.own = member.value } else { localized.others[tag] = member.value }
        }
        if localized.own == nil, let locale {
            inspection.report(
                .missing, "\(what) is not there in \"\(locale)\"", at: node.place,
                help: "that is the language of the workspace")
        }
        reportNoLocale(at: node.place)
        return localized
    }

    /// Whoever is to be written to in their own language, or else in the workspace's, needs to know that one.
    func reportNoLocale(at place: YAMLNode.Place) {
        guard knowsSettings, locale == nil else { return }
        inspection.report(
            .missing, "workspace.yaml does not say which language is the workspace's own", at: place,
            help: "give it a \"locale\", such as locale: en")
    }
}
