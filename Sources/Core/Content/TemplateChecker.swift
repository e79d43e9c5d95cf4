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
    /// Where the last merge field stands that may make the scheme of a URL.
    private var schemeField = (line: 1, column: 1)
    private var lastClosed: ClosedSection?
    /// The template with its names rewritten. A section's opening tag is completed when it closes.
    private var segments: [String] = []
    private(set) var names: Set<String> = []

    private struct OpenSection {
        var sigil: Character
        var name: String
        var line: Int
        var column: Int
        var segment: Int
        var literalBytes: Int
        var context: HTMLContext
        /// What its place is like where it is absent.
        var absent: HTMLContext
    }

    private struct ClosedSection {
        var open: OpenSection
        /// The index behind it, and the context at its end.
        var end: Int
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
        } else if character.unicodeScalars.contains(where: isControl) {
            throw fault("a control character")
        }
        index += 1
        return kind == .line && character == "\t" ? " " : character
    }

    /// What headers cannot carry is refused in a line: DEL, C1 and Unicode's own separators of lines too.
    private func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0..<0x20: true
        case 0x7F...0x9F, 0x2028, 0x2029: kind == .line
        default: false
        }
    }

    private mutating func flush(_ literal: inout String) throws(TemplateError) {
        if kind == .html { context.read(literal) }
        if context.hasBrokenURL {
            throw TemplateError(
                "a merge field before a \":\" in a URL: write the scheme out", line: schemeField.line,
                column: schemeField.column)
        }
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
        if context.beginsURL { schemeField = (line, index - lineStart + 1) }
        let name = try readName(after: 2)
        names.insert(name)
        segments.append("{{\(context.beginsURL ? suffixed(name, MergeName.url) : name)}}")
        context.readField()
    }

    private mutating func openSection(_ sigil: Character) throws(TemplateError) {
        guard sections.count < Self.nestingLimit else {
            throw fault("sections nested more than \(Self.nestingLimit) deep")
        }
        let (start, column) = (index, index - lineStart + 1)
        let name = try readName(after: 3)
        names.insert(name)
        segments.append(String(sigil))
        var absent = context
        if let closed = lastClosed, closed.end == start, closed.open.name == name, closed.open.sigil != sigil {
            // The one is there exactly where the other is not.
            (context, absent) = (closed.open.context, closed.context)
        }
        sections.append(
            OpenSection(
                sigil: sigil, name: name, line: line, column: column, segment: segments.count - 1,
                literalBytes: literalBytes, context: context, absent: absent))
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
        if let url = context.url, url.isOpen, url.hasField, url.colons > open.context.url?.colons ?? 0 {
            throw TemplateError(
                "the section \"\(name)\", repeated, puts a \":\" behind a merge field in a URL", line: open.line,
                column: open.column)
        }
        // A third one would follow the first, so only two make a pair.
        lastClosed = open.absent == open.context ? ClosedSection(open: open, end: index, context: context) : nil
        context.merge(open.absent)
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
