import Content
import Model

/// E-mails in several languages: `subject: {en: Hello, nl: Hallo}` with `body.nl.txt.mustache` and `body.nl.html.mustache`.
extension EmailReader {
    /// The bodies of one language, as far as there are files.
    struct Translation {
        /// As the files' names have it.
        var tag: String
        var text: String?
        var html: String?

        /// Those among the files of a folder, by tag.
        ///
        /// - Parameter files: what stands behind `emails/NAME/`, with its text.
        static func all(in files: [String: String]) -> [Translation] {
            var byTag: [String: Translation] = [:]
            for (file, text) in files {
                guard let (tag, part) = Self.part(file) else { continue }
                var translation = byTag[tag] ?? Translation(tag: tag)
                if part == .html { translation.html = text } else { translation.text = text }
                byTag[tag] = translation
            }
            return byTag.values.sorted { $0.tag < $1.tag }
        }

        /// The `nl` and the kind of `body.nl.txt.mustache`; nil for another file.
        static func part(_ file: String) -> (tag: String, part: EmailPart)? {
            let parts = file.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[0] == "body", parts[3] == "mustache", ["txt", "html"].contains(parts[2])
            else {
                return nil
            }
            return (String(parts[1]), parts[2] == "html" ? .html : .text)
        }

        /// The file that is there.
        fileprivate var file: String { "body.\(tag).\(text == nil ? "html" : "txt").mustache" }
    }

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

    func translations(_ bodies: Bodies, _ subjects: Localized?, _ preheaders: Localized?) -> [LanguageTag: EmailVariant]
    {
        var files: [LanguageTag: Translation] = [:]
        for translation in bodies.translations {
            let file = "emails/\(name)/\(translation.file)"
            if let tag = inspection.language(translation.tag, "the file's language", at: .start, in: file) {
                files[tag] = translation
            }
        }
        let named = [subjects, preheaders].compactMap { $0?.others.keys }.flatMap { $0 }
        if !files.isEmpty { reportNoLocale(at: .start) }
        var translations: [LanguageTag: EmailVariant] = [:]
        for tag in Set(named).union(files.keys).sorted() {
            if tag == locale {
                inspection.report(
                    .invalid, "\"\(tag)\" is the workspace's own language", at: .start,
                    help: "its text is body.txt.mustache", in: files[tag].map { "emails/\(name)/\($0.file)" })
                continue
            }
            translations[tag] = translation(
                tag, files[tag], subjects, preheader: preheaders?.others[tag], isWhole: bodies.html == nil)
            if let preheaders, preheaders.own != nil, preheaders.others[tag] == nil {
                inspection.report(
                    .missing, "there is no preheader in \"\(tag)\"", at: preheaders.place, severity: .warning)
            }
        }
        return translations
    }

    /// - Parameter isWhole: whether text is all that the e-mail has.
    private func translation(
        _ tag: LanguageTag, _ files: Translation?, _ subjects: Localized?, preheader: YAMLNode?, isWhole: Bool
    ) -> EmailVariant? {
        let subject = subjects?.others[tag]
        if subject == nil, let subjects {
            inspection.report(
                .missing, "there is no subject in \"\(tag)\"", at: subjects.place,
                help: "subject: {\(locale?.description ?? "en"): …, \(tag): …}")
        }
        if files?.text == nil {
            inspection.report(
                .missing, "the e-mail \"\(name)\" has no \(Self.body(.text, tag))", at: .start,
                help: "every e-mail needs text, in each of its languages", in: "emails/\(name)/\(Self.body(.text, tag))"
            )
        }
        if files?.html == nil, files != nil, !isWhole {
            inspection.report(
                .missing, "in \"\(tag)\" the e-mail has no HTML", at: .start,
                help: "it goes out as text alone; write \(Self.body(.html, tag))", severity: .warning)
        }
        guard let subject, let text = files?.text,
            let template = template(subject, text: text, html: files?.html, tag)
        else { return nil }
        return EmailVariant(language: tag, template: template, preheader: preheader.flatMap { self.preheader($0) })
    }

    /// Whoever is to be written to in their own language, or else in the workspace's, needs to know that one.
    private func reportNoLocale(at place: YAMLNode.Place) {
        guard knowsSettings, locale == nil else { return }
        inspection.report(
            .missing, "workspace.yaml does not say which language is the workspace's own", at: place,
            help: "give it a \"locale\", such as locale: en")
    }
}
