/// Reads a template tag by tag, refuses what is not allowed, and rewrites names so that values know where they stand.
///
/// It goes by `Character`, as the Mustache library does, lest the two see different tags in one text.
struct TemplateChecker {
    private let characters: [Character]
    private let kind: Template.Kind
    private var index = 0
    private var line = 1
    private var lineStart = 0
    private var sections: [OpenSection] = []
    private var context = HTMLContext()
    private var literalBytes = 0
    /// The template with its names rewritten. A section's opening tag is completed when it closes.
    private var segments: [String] = []
    private(set) var names: Set<String> = []

    private struct OpenSection {
        var name: String
        var line: Int
        var column: Int
        var segment: Int
        var literalBytes: Int
        var context: HTMLContext
    }

    private static let nestingLimit = 16

    init(_ source: String, _ kind: Template.Kind) throws(TemplateError) {
        guard source.utf8.count <= Template.sourceLimit else {
            throw TemplateError("the template has more than \(Template.sourceLimit / 1024) KB")
        }
        characters = source.map { $0 == "\r\n" || $0 == "\r" ? "\n" : $0 }
        self.kind = kind
    }

    var output: String { segments.joined() }

    mutating func check() throws(TemplateError) {
        var literal = ""
        while index < characters.count {
            if isAt("{", "{") {
                try flush(&literal)
                try checkTag()
            } else {
                literal.append(try nextLiteral())
            }
        }
        try flush(&literal)
        if let open = sections.last {
            throw TemplateError("the section \"\(open.name)\" is not closed", line: open.line, column: open.column)
        }
        if kind == .html, !context.isText { throw fault("the template ends inside a tag or a comment") }
    }

    private func isAt(_ first: Character, _ second: Character) -> Bool {
        index + 1 < characters.count && characters[index] == first && characters[index + 1] == second
    }

    private mutating func nextLiteral() throws(TemplateError) -> Character {
        let character = characters[index]
        if character == "\n" {
            if kind == .line { throw fault("a line break") }
            line += 1
            lineStart = index + 1
        } else if character.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" }) {
            throw fault("a control character")
        }
        index += 1
        return character
    }

    private mutating func flush(_ literal: inout String) throws(TemplateError) {
        if kind == .html { context.read(literal) }
        literalBytes += literal.utf8.count
        segments.append(literal)
        literal = ""
    }

    private func fault(_ message: String) -> TemplateError {
        TemplateError(message, line: line, column: index - lineStart + 1)
    }

    private mutating func checkTag() throws(TemplateError) {
        guard index + 2 < characters.count else { throw fault("a tag that does not end") }
        switch characters[index + 2] {
        case "#", "^": try openSection(characters[index + 2])
        case "/": try closeSection()
        case "!": try skipComment()
        case "{", "&": throw fault("an unescaped merge field: use {{…}}")
        case ">", "<", "$": throw fault("a partial or a block: they are not supported")
        case "%": throw fault("a pragma: they are not supported")
        case "=": throw fault("a change of delimiters: it is not supported")
        default: try mergeField()
        }
    }

    private mutating func mergeField() throws(TemplateError) {
        if kind == .html, let objection = context.objection { throw fault(objection) }
        let name = try readName(after: 2)
        names.insert(name)
        segments.append("{{\(kind == .html && context.beginsURL ? suffixed(name, MergeName.url) : name)}}")
    }

    private mutating func openSection(_ sigil: Character) throws(TemplateError) {
        guard sections.count < Self.nestingLimit else {
            throw fault("sections nested more than \(Self.nestingLimit) deep")
        }
        let column = index - lineStart + 1
        let name = try readName(after: 3)
        names.insert(name)
        segments.append(String(sigil))
        sections.append(
            OpenSection(
                name: name, line: line, column: column, segment: segments.count - 1, literalBytes: literalBytes,
                context: context))
    }

    private mutating func closeSection() throws(TemplateError) {
        guard let open = sections.popLast() else { throw fault("a section is closed that was not opened") }
        let start = index
        let name = try readName(after: 3)
        guard name == open.name else {
            index = start
            throw fault("\"\(name)\" is closed where \"\(open.name)\" is open")
        }
        guard kind != .html || context.isAlike(open.context) else {
            index = start
            throw fault("the section \"\(name)\" begins and ends in different places of the HTML")
        }
        context.merge(open.context)
        let full = suffixed(name, "\(MergeName.section)\(literalBytes - open.literalBytes)")
        segments[open.segment] = "{{\(segments[open.segment])\(full)}}"
        segments.append("{{/\(full)}}")
    }

    /// A comment ends at the first "}}"; it is kept, since it may be alone on its line.
    private mutating func skipComment() throws(TemplateError) {
        let start = index
        index += 3
        while !isAt("}", "}") {
            guard index < characters.count else {
                index = start
                throw fault("a comment that does not end")
            }
            _ = try nextLiteral()
        }
        index += 2
        segments.append("{{!}}")
    }

    private func suffixed(_ name: String, _ suffix: String) -> String {
        name == "." ? ".\(suffix)" : "\(name).\(suffix)"
    }

    /// Reads a name and the end of its tag; `offset` is that of the name's first possible place.
    private mutating func readName(after offset: Int) throws(TemplateError) -> String {
        var end = index + offset
        while end < characters.count, characters[end] == " " || characters[end] == "\t" { end += 1 }
        let first = end
        while end < characters.count, Self.isNamePart(characters[end]) { end += 1 }
        let name = String(characters[first..<end])
        while end < characters.count, characters[end] == " " || characters[end] == "\t" { end += 1 }
        guard end + 1 < characters.count, characters[end] == "}", characters[end + 1] == "}" else {
            throw fault("a tag that does not end, or a name of more than letters, digits, \"_\", \"-\" and \".\"")
        }
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name == "." || components.allSatisfy({ !$0.isEmpty && $0.first != "-" }) else {
            throw fault(name.isEmpty ? "a tag without a name" : "the name \"\(name)\" is malformed")
        }
        index = end + 2
        return name
    }

    private static func isNamePart(_ character: Character) -> Bool {
        guard let ascii = character.asciiValue else { return false }
        return switch ascii {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
