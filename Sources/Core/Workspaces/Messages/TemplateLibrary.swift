import Content
import Model

/// What e-mails share: `layouts/NAME.html.mustache` stands around a mail's body, `partials/NAME.html.mustache` where a body
/// has `{{> NAME}}`; `.txt.mustache` likewise for the text, and `NAME.nl.html.mustache` in another language.
struct TemplateLibrary {
    enum Folder: String, CaseIterable {
        case layouts, partials
    }

    private struct Place: Hashable {
        var folder: Folder
        var name: String
        var part: EmailPart
        var tag: LanguageTag?
    }

    private var texts: [Place: TemplateSource] = [:]
    /// The files of the two folders.
    var paths: [String] { texts.values.compactMap(\.file).sorted() }

    init(files: [String: String] = [:]) {
        for (path, text) in files {
            guard let place = Self.place(of: path) else { continue }
            texts[place] = TemplateSource(text, file: path)
        }
    }

    /// A tag is what stands last before the kind, where that is one.
    private static func place(of path: String) -> Place? {
        let folders = path.split(separator: "/", omittingEmptySubsequences: false)
        guard folders.count == 2, let folder = Folder(rawValue: String(folders[0])) else { return nil }
        var parts = folders[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts.popLast() == "mustache", let kind = parts.popLast(),
            let part: EmailPart = kind == "html" ? .html : kind == "txt" ? .text : nil
        else { return nil }
        var tag: LanguageTag?
        if parts.count > 1, let last = parts.last, let known = LanguageTag(last), known.description == last {
            tag = known
            parts.removeLast()
        }
        let name = parts.joined(separator: ".")
        return name.isEmpty ? nil : Place(folder: folder, name: name, part: part, tag: tag)
    }

    /// The language that a layout or partial is for; nil where it names none.
    static func tag(of path: String) -> LanguageTag? { place(of: path)?.tag }

    func names(in folder: Folder) -> [String] {
        Set(texts.keys.lazy.filter { $0.folder == folder }.map(\.name)).sorted()
    }

    /// What a body of a part may refer to, in the language that is nearest to its own.
    ///
    /// - Parameter tag: nil for the workspace's own.
    func parts(
        layout: String?, for part: EmailPart, in tag: LanguageTag?, blocks: [String: TemplateBlock] = [:]
    ) -> TemplateParts {
        var parts = TemplateParts(
            layout: layout.flatMap { source(.layouts, $0, part, tag) }, blocks: blocks)
        for name in names(in: .partials) { parts.partials[name] = source(.partials, name, part, tag) }
        return parts
    }

    private func source(_ folder: Folder, _ name: String, _ part: EmailPart, _ tag: LanguageTag?) -> TemplateSource? {
        for tag in (tag?.fallbacks ?? []).map(Optional.some) + [nil] {
            if let text = texts[Place(folder: folder, name: name, part: part, tag: tag)] { return text }
        }
        return nil
    }

    /// The files that texts are made of beside themselves, in whichever language, sorted.
    func paths(layout: String?, shownBy bodies: some Sequence<String>) -> [String] {
        var paths: Set<String> = []
        var open = Array(bodies)
        func take(_ folder: Folder, _ name: String) {
            for (place, text) in texts where place.folder == folder && place.name == name {
                guard let path = text.file, paths.insert(path).inserted else { continue }
                open.append(text.text)
            }
        }
        if let layout { take(.layouts, layout) }
        while let text = open.popLast() {
            for name in Self.included(in: text) { take(.partials, name) }
        }
        return paths.sorted()
    }

    /// A body with all that it may refer to, one behind the other.
    func text(of body: String, layout: String?) -> String {
        let paths = Set(paths(layout: layout, shownBy: [body]))
        return ([body] + texts.values.filter { paths.contains($0.file ?? "") }.map(\.text)).joined(separator: "\n")
    }

    /// The names behind `{{>`.
    static func included(in text: String) -> Set<String> {
        var names: Set<String> = []
        var rest = text[...]
        while let start = rest.firstRange(of: "{{>") {
            rest = rest[start.upperBound...].drop { $0 == " " || $0 == "\t" }
            let name = rest.prefix { $0 != " " && $0 != "\t" && $0 != "}" }
            names.insert(String(name))
        }
        return names
    }
}
