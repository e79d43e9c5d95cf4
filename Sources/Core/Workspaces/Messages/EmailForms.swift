import Content
public import JourneyProgram
public import Model

/// One of the mails that an e-mail can come out as.
public struct EmailForm: Sendable, Hashable, CustomStringConvertible {
    /// Nil is the workspace's own language, where that has no name.
    public var language: LanguageTag?
    public var choice: ContentChoice
    /// The block that shows another variant than the one for whoever fits no other; nil: none does.
    public var block: String?

    /// How it differs from what everybody reads: `technical × Think, hero pro`; empty where it does not.
    public var description: String {
        let shown = block.flatMap { name in choice.blocks[name].map { "\(name) \($0)" } }
        return [choice.cell == ContentCell() ? nil : "\(choice.cell)", shown].compactMap(\.self).joined(separator: ", ")
    }
}

extension EmailDefinition {
    /// Each wording in each of its languages: as whoever fits no condition reads it, then with each other variant of each
    /// block that it shows, one at a time. All combinations of blocks would be too many to read.
    public var forms: [EmailForm] {
        ([(ContentCell(), wording)] + wordings.sorted { $0.key < $1.key }).flatMap { cell, wording in
            ([wording.own] + wording.translations.sorted { $0.key < $1.key }.map(\.value)).flatMap {
                forms(of: $0, in: cell)
            }
        }
    }

    private func forms(of variant: EmailVariant, in cell: ContentCell) -> [EmailForm] {
        let shown = blocks.filter { variant.template.included.contains($0.name) }
        let fallbacks = Dictionary(blocks.map { ($0.name, $0.fallback) }) { first, _ in first }
        let plain = EmailForm(language: variant.language, choice: ContentChoice(cell: cell, blocks: fallbacks))
        var forms = [plain]
        for block in shown {
            for name in Set(block.variants.map(\.name)).subtracting([block.fallback]).sorted() {
                var form = plain
                (form.block, form.choice.blocks[block.name]) = (block.name, name)
                forms.append(form)
            }
        }
        return forms
    }

    /// The first form in which a file of the e-mail's folder, or a layout or partial, is read; what belongs to none is in the
    /// first of all.
    public func form(showing file: String) -> EmailForm {
        let forms = forms
        if let tag = TemplateLibrary.tag(of: file) { return forms.first { $0.language == tag } ?? forms[0] }
        return forms.first { isRead(file, in: $0) } ?? forms[0]
    }

    /// The layouts and partials among a workspace's files that the e-mail is made of.
    public func sharedFiles(in files: [String: String]) -> [String] { Loader(files: files).shared(by: name) }

    private func isRead(_ file: String, in form: EmailForm) -> Bool {
        if let place = EmailBodies.body(file) {
            return place.cell == form.choice.cell && isLanguage(place.tag, of: form)
        }
        guard let place = EmailBodies.block(file) else { return false }
        return form.choice.blocks[place.block] == place.variant && isLanguage(place.tag, of: form)
    }

    private func isLanguage(_ tag: String?, of form: EmailForm) -> Bool {
        tag.map { LanguageTag($0) == form.language } ?? (form.language == own.language)
    }
}
