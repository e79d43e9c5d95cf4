import Content
import JourneyProgram
import Model

/// Compiles what an e-mail says to some: its subject, preheader and bodies with all that they refer to, in each language.
final class WordingReader {
    private let email: EmailReader
    private let words: EmailReader.Words
    private let layout: String?
    private let blocks: [EmailReader.PlacedBlock]
    /// The blocks that are chosen when the mail is opened.
    private let live: Set<String>
    /// Whether consent is needed for it, and a way out owed.
    private let isMarketing: Bool
    /// The partials and blocks that anything showed.
    private var shown: Set<String> = []
    private var isComplete = true

    private var inspection: Inspection { email.inspection }
    private var bodies: EmailBodies { email.bodies }

    init(
        _ email: EmailReader, _ words: EmailReader.Words, layout: String?, blocks: [EmailReader.PlacedBlock],
        live: Set<String>, isMarketing: Bool
    ) {
        self.live = live
        self.email = email
        self.words = words
        self.layout = layout
        self.blocks = blocks
        self.isMarketing = isMarketing
    }

    /// The sources of one variant.
    private struct Sources {
        var subject: YAMLNode?
        var preheader: YAMLNode?
        var text: (source: String, file: String)?
        var html: (source: String, file: String)?
    }

    /// - Parameter own: what stands in `email.yaml` of this wording; what does not is everybody's.
    func read(_ cell: ContentCell, _ own: EmailReader.Words? = nil) -> EmailWording? {
        var sources = Sources(
            subject: own?.subject?.own ?? words.subject?.own, preheader: own?.preheader?.own ?? words.preheader?.own)
        sources.text = body(.text, nil, cell)
        sources.html = body(.html, nil, cell)
        if sources.text == nil, sources.html == nil {
            inspection.report(
                .missing, "the e-mail \"\(email.name)\" has no body", at: .start,
                help: "write body.html.mustache, of which the text is made, or body.txt.mustache",
                in: email.path(EmailBodies.file(.text)))
        }
        let variant = variant(sources, nil)
        let translations = translations(cell, own, isWhole: sources.html == nil)
        return variant.map { EmailWording(own: $0, translations: translations) }
    }

    /// A block that nothing shows.
    func reportUnused(liveAt place: YAMLNode.Place?) {
        guard isComplete else { return }
        for name in live.sorted() where !shown.contains(name) {
            inspection.report(
                .unused, "no body shows the block \"\(name)\"", at: place ?? .start,
                help: "it stands where {{> \(name)}} is", severity: .warning)
        }
        for block in blocks where !shown.contains(block.rule.name) {
            inspection.report(
                .unused, "no body shows the block \"\(block.rule.name)\"", at: block.place,
                help: "it stands where {{> \(block.rule.name)}} is", severity: .warning)
        }
    }

    /// A wording without a body of its own has everybody's; with one, nothing is taken from elsewhere.
    private func body(_ part: EmailPart, _ tag: String?, _ cell: ContentCell) -> (source: String, file: String)? {
        let hasOwn = bodies[cell, tag, .text] != nil || bodies[cell, tag, .html] != nil
        let cell = hasOwn ? cell : ContentCell()
        return bodies[cell, tag, part].map { ($0, email.path(EmailBodies.file(part, tag, of: cell))) }
    }

    // MARK: Languages

    private func translations(
        _ cell: ContentCell, _ own: EmailReader.Words?, isWhole: Bool
    ) -> [LanguageTag: EmailVariant] {
        let subjects = own?.subject ?? words.subject
        let preheaders = own?.preheader ?? words.preheader
        var files: [LanguageTag: String] = [:]
        for text in bodies.tags(of: cell) {
            let file = file(text, cell)
            if let tag = inspection.language(text, "the file's language", at: .start, in: file) { files[tag] = text }
        }
        // A wording with words of its own is in the languages of its bodies, or else of everybody's.
        var languages = Set(files.keys).union(
            Set([subjects, preheaders].compactMap { $0?.others.keys }.flatMap { $0 }))
        if cell != ContentCell() {
            if !bodies.cells.contains(cell) {
                for text in bodies.tags(of: ContentCell()) { if let tag = LanguageTag(text) { languages.insert(tag) } }
            } else {
                reportMissing(languages.subtracting(files.keys), cell)
                languages = Set(files.keys)
            }
        }
        if !files.isEmpty { email.reportNoLocale(at: .start) }
        var translations: [LanguageTag: EmailVariant] = [:]
        for tag in languages.sorted() {
            if tag == email.locale {
                inspection.report(
                    .invalid, "\"\(tag)\" is the workspace's own language", at: .start,
                    help: "its text is body.txt.mustache", in: files[tag].map { file($0, cell) })
                continue
            }
            translations[tag] = translation(tag, cell, subjects, preheaders, isWhole: isWhole)
        }
        return translations
    }

    private func reportMissing(_ languages: Set<LanguageTag>, _ cell: ContentCell) {
        for tag in languages.sorted() {
            inspection.report(
                .missing, "in \"\(tag)\" there is no wording for \(cell)", at: .start,
                help: "they read it in the workspace's own language; write "
                    + EmailBodies.file(.html, tag.description, of: cell),
                in: email.path("email.yaml"), severity: .warning)
        }
    }

    /// A file that there is, in a language.
    private func file(_ tag: String, _ cell: ContentCell) -> String {
        email.path(EmailBodies.file(bodies[cell, tag, .text] == nil ? .html : .text, tag, of: cell))
    }

    /// - Parameter isWhole: whether text is all that the e-mail has.
    private func translation(
        _ tag: LanguageTag, _ cell: ContentCell, _ subjects: EmailReader.Localized?,
        _ preheaders: EmailReader.Localized?, isWhole: Bool
    ) -> EmailVariant? {
        var sources = Sources(subject: subjects?.others[tag], preheader: preheaders?.others[tag])
        sources.text = body(.text, tag.description, cell)
        sources.html = body(.html, tag.description, cell)
        if sources.subject == nil, let subjects {
            inspection.report(
                .missing, "there is no subject in \"\(tag)\"", at: subjects.place,
                help: "subject: {\(email.locale?.description ?? "en"): …, \(tag): …}")
        }
        if let preheaders, preheaders.own != nil, sources.preheader == nil {
            inspection.report(
                .missing, "there is no preheader in \"\(tag)\"", at: preheaders.place, severity: .warning)
        }
        if sources.text == nil, sources.html == nil {
            let missing = EmailBodies.file(isWhole ? .text : .html, tag.description)
            inspection.report(
                .missing, "the e-mail \"\(email.name)\" has no \(missing)", at: .start,
                help: "every e-mail has a body in each of its languages", in: email.path(missing))
        } else if sources.html == nil, !isWhole {
            inspection.report(
                .missing, "in \"\(tag)\" the e-mail has no HTML", at: .start,
                help: "it goes out as text alone; write \(EmailBodies.file(.html, tag.description))",
                severity: .warning)
        }
        return variant(sources, tag)
    }

    // MARK: Templates

    private func variant(_ sources: Sources, _ tag: LanguageTag?) -> EmailVariant? {
        let preheader = sources.preheader.flatMap { email.preheader($0) }
        guard let subject = sources.subject, sources.text != nil || sources.html != nil,
            let template = template(subject, sources, tag)
        else {
            isComplete = false
            return nil
        }
        shown.formUnion(template.included)
        if isMarketing { warnOfMissing(in: template, sources) }
        return EmailVariant(language: tag ?? email.locale, template: template, preheader: preheader)
    }

    private func template(_ subject: YAMLNode, _ sources: Sources, _ tag: LanguageTag?) -> EmailTemplate? {
        guard let line = inspection.text(subject, "a subject") else { return nil }
        do {
            return try EmailTemplate(
                subject: line, text: sources.text?.source, html: sources.html?.source,
                with: EmailTemplate.Parts(
                    text: parts(.text, sources.text?.source, tag), html: parts(.html, sources.html?.source, tag)))
        } catch {
            let file = error.part == .html ? sources.html?.file : error.part == .text ? sources.text?.file : nil
            email.report(error, subject, in: file)
            return nil
        }
    }

    private func parts(_ part: EmailPart, _ body: String?, _ tag: LanguageTag?) -> TemplateParts {
        guard let body else { return TemplateParts() }
        let library = email.around.library
        let included = TemplateLibrary.included(in: library.text(of: body, layout: layout))
        var shown: [String: TemplateBlock] = [:]
        for block in blocks where included.contains(block.rule.name) {
            shown[block.rule.name] = source(block, part, tag)
        }
        var parts = library.parts(layout: layout, for: part, in: tag, blocks: shown)
        parts.inserts = live
        return parts
    }

    /// The texts of a block in the language that is nearest.
    private func source(_ block: EmailReader.PlacedBlock, _ part: EmailPart, _ tag: LanguageTag?) -> TemplateBlock {
        var variants: [String: TemplateSource] = [:]
        for name in Set(block.names).sorted() where name != TemplateParts.nothing {
            var place = EmailBodies.BlockPlace(block: block.rule.name, variant: name, tag: nil, part: part)
            let tags = (tag?.fallbacks ?? []).map(\.description).map(Optional.some) + [nil]
            let found = tags.first { candidate in
                place.tag = candidate
                return bodies.blocks[place] != nil
            }
            place.tag = found ?? nil
            guard let text = bodies.blocks[place] else {
                inspection.report(
                    .missing, "the variant \"\(name)\" of the block \"\(block.rule.name)\" has no text",
                    at: block.place,
                    help: "write \(EmailBodies.file(place)), or call it none to show nothing")
                isComplete = false
                continue
            }
            variants[name] = TemplateSource(text, file: email.path(EmailBodies.file(place)))
        }
        return TemplateBlock(variants: variants, fallback: block.rule.fallback)
    }

    // MARK: What marketing mail must carry

    /// A way out and the sender's postal address, in whichever part is read (CAN-SPAM, 16 CFR 316.5).
    private func warnOfMissing(in template: EmailTemplate, _ sources: Sources) {
        for (part, file) in [(template.text, sources.text?.file), (template.html, sources.html?.file)] {
            guard let fields = part?.mergeFields else { continue }
            for (field, what) in [("links.unsubscribe", "no way out"), ("workspace.address", "no postal address")]
            where !fields.contains(field) {
                inspection.report(
                    .missing, "marketing mail without {{\(field)}}: \(what)", at: .start,
                    help: "put {{\(field)}} at its end; what the person is owed is \"class: transactional\" instead",
                    in: file, severity: .warning)
            }
        }
    }
}

extension EmailReader {
    func preheader(_ node: YAMLNode) -> Template? {
        guard let text = inspection.text(node, "a preheader") else { return nil }
        do {
            return try Template(text, as: .html)
        } catch {
            report(error, node, in: nil)
            return nil
        }
    }

    /// A fault in a body, or in what it refers to, stands in a file of its own.
    ///
    /// - Parameter file: the body's, where the fault is in one.
    func report(_ error: TemplateError, _ node: YAMLNode, in file: String?) {
        let (line, column) = (error.line ?? 1, error.column ?? 1)
        if let file = error.file ?? file {
            inspection.report(.template, error.message, at: .init(line: line, column: column), in: file)
        } else {
            let place = inspection.file.place(line: line, column: column, in: node)
            inspection.report(.template, error.message, at: place)
        }
    }
}
