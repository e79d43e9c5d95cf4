import Content
import JourneyProgram
import Model

/// The templates of an e-mail's folder, by what their names say.
struct EmailBodies {
    /// Whose body a file is, in which language: `body.persona-technical.stage-think.nl.html.mustache`.
    struct BodyPlace: Hashable {
        var cell: ContentCell
        /// As the file's name has it; nil for the workspace's own language.
        var tag: String?
        var part: EmailPart
    }

    /// Of which block and variant a file is, in which language: `hero.pro.nl.html.mustache`.
    struct BlockPlace: Hashable {
        var block: String
        var variant: String
        var tag: String?
        var part: EmailPart
    }

    private(set) var bodies: [BodyPlace: String] = [:]
    private(set) var blocks: [BlockPlace: String] = [:]

    /// - Parameter files: what stands behind `emails/NAME/`, with its text.
    init(_ files: [String: String]) {
        for (file, text) in files {
            if let place = Self.body(file) {
                bodies[place] = text
            } else if let place = Self.block(file) {
                blocks[place] = text
            }
        }
    }

    subscript(cell: ContentCell, tag: String?, part: EmailPart) -> String? {
        bodies[BodyPlace(cell: cell, tag: tag, part: part)]
    }

    /// Whether a file of an e-mail's folder is one of its templates.
    static func isTemplate(_ file: String) -> Bool { body(file) != nil || block(file) != nil }

    /// The languages in which a cell has a body.
    func tags(of cell: ContentCell) -> [String] {
        Set(bodies.keys.lazy.filter { $0.cell == cell }.compactMap(\.tag)).sorted()
    }

    /// All HTML, of bodies and blocks, in the order of its files' names.
    var htmlFiles: [(file: String, html: String)] {
        let bodies = bodies.filter { $0.key.part == .html }.map { (Self.file(.html, $0.tag, of: $0.cell), $1) }
        let blocks = blocks.filter { $0.key.part == .html }.map { (Self.file($0), $1) }
        return (bodies + blocks).sorted { $0.0 < $1.0 }
    }

    /// Those for whom there is a body, everybody apart.
    var cells: [ContentCell] { Set(bodies.keys.map(\.cell)).subtracting([ContentCell()]).sorted() }

    /// The file's name of a body.
    static func file(_ part: EmailPart, _ tag: String? = nil, of cell: ContentCell = ContentCell()) -> String {
        let words = [cell.persona.map { "persona-\($0)" }, cell.stage.map { "stage-\($0)" }, tag].compactMap(\.self)
        return (["body"] + words + [part == .html ? "html" : "txt", "mustache"]).joined(separator: ".")
    }

    static func file(_ place: BlockPlace) -> String {
        ([place.block, place.variant] + [place.tag].compactMap(\.self)
            + [place.part == .html ? "html" : "txt", "mustache"]).joined(separator: ".")
    }

    private static func parts(_ file: String) -> (words: ArraySlice<String>, part: EmailPart)? {
        let words = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 3, words.last == "mustache", !words.contains("") else { return nil }
        switch words[words.count - 2] {
        case "txt": return (words.dropLast(2), .text)
        case "html": return (words.dropLast(2), .html)
        default: return nil
        }
    }

    /// Nil for a file that is no body.
    static func body(_ file: String) -> BodyPlace? {
        guard let parts = parts(file), parts.words.first == "body" else { return nil }
        var words = parts.words.dropFirst()
        var cell = ContentCell()
        if let word = words.first, word.hasPrefix("persona-") {
            cell.persona = String(word.dropFirst("persona-".count))
            words.removeFirst()
        }
        if let word = words.first, word.hasPrefix("stage-") {
            cell.stage = String(word.dropFirst("stage-".count))
            words.removeFirst()
        }
        guard words.count <= 1 else { return nil }
        return BodyPlace(cell: cell, tag: words.first, part: parts.part)
    }

    /// Nil for a file that is no text of a block.
    static func block(_ file: String) -> BlockPlace? {
        guard let (words, part) = parts(file), words.first != "body", (2...3).contains(words.count) else { return nil }
        let all = Array(words)
        return BlockPlace(block: all[0], variant: all[1], tag: all.count == 3 ? all[2] : nil, part: part)
    }
}
