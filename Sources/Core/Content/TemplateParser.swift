/// Reads a template tag by tag, with what it refers to, refuses what is not allowed, and lays out what is left.
struct TemplateParser {
    let kind: Template.Kind
    let parts: TemplateParts
    /// What is shown as `{{> body}}`.
    let body: TemplateSource
    var frame: TemplateFrame
    /// The names of the texts around the one at hand.
    var around: [String] = []
    var sections: [OpenSection] = []
    var context = HTMLContext()
    var lastClosed: ClosedSection?
    /// Where the last merge field stands that may make the scheme of a URL.
    var schemeField: TemplateError?
    /// The values that are referred to.
    var names: Set<String> = []
    /// The partials and blocks that are referred to.
    var included: Set<String> = []
    private var literal: [Character] = []
    private var nodes: [TemplateNode] = []
    private var size = 0
    /// How many sections are open around those of a block.
    private var depth = 0

    struct OpenSection {
        var sigil: Character
        var name: String
        /// Told where it is not closed.
        var fault: TemplateError
        var nodes: [TemplateNode] = []
        var context: HTMLContext
        /// What its place is like where it is absent.
        var absent: HTMLContext
    }

    struct ClosedSection {
        var open: OpenSection
        /// Where it ends: in which text and at which index, and the context there.
        var file: String?
        var end: Int
        var context: HTMLContext
    }

    static let nestingLimit = 16
    /// How deep partials may stand in partials.
    static let partialLimit = 8
    /// Of bytes, all texts that are referred to counted as often as they are.
    static let sizeLimit = 4 * Template.sourceLimit

    init(_ source: TemplateSource, _ kind: Template.Kind, _ parts: TemplateParts) {
        self.kind = kind
        self.parts = parts
        body = source
        frame = TemplateFrame(parts.layout ?? source, as: nil, openSections: 0)
    }

    /// Reads all of it.
    mutating func parse() throws(TemplateError) -> [TemplateNode] {
        try measure(parts.layout ?? body)
        try readFrame()
        if kind == .html, !context.isText { throw frame.fault("the template ends inside a tag or a comment") }
        if parts.layout != nil, !included.contains(TemplateParts.body) {
            throw TemplateError(
                "the layout has no place for the mail: {{> body}}", line: 1, column: 1, file: parts.layout?.file)
        }
        return nodes
    }

    /// Reads the text at hand to its end.
    mutating func readFrame() throws(TemplateError) {
        while !frame.isAtEnd {
            if frame.isAt("{", "{") { try readTag() } else { try readLiteral() }
        }
        try flush()
        if sections.count > frame.openSections, let open = sections.last { throw open.fault }
    }

    mutating func measure(_ source: TemplateSource) throws(TemplateError) {
        guard source.text.utf8.count <= Template.sourceLimit else {
            throw TemplateError(
                "the template has more than \(Template.sourceLimit / 1024) KB", line: 1, column: 1, file: source.file)
        }
        size += source.text.utf8.count
        guard size <= Self.sizeLimit else {
            throw frame.fault("with what it refers to, the template has more than \(Self.sizeLimit / 1024) KB")
        }
    }

    // MARK: Literal text

    private mutating func readLiteral() throws(TemplateError) {
        literal.append(try nextLiteral())
    }

    mutating func nextLiteral() throws(TemplateError) -> Character {
        let character = frame.characters[frame.index]
        if character == "\n" {
            if kind == .line { throw frame.fault("a line break") }
        } else if character.unicodeScalars.contains(where: isControl) {
            throw frame.fault("a control character")
        }
        frame.advance()
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

    /// Takes blanks before a tag that is alone on its line out of the text, and the rest of the line.
    ///
    /// - Returns: the blanks; nil where something else is on the line.
    mutating func clearLine(ofTagAt start: Int) -> [Character]? {
        guard let count = frame.blanks(beforeTagAt: start) else { return nil }
        let blanks = Array(literal.suffix(min(count, literal.count)))
        literal.removeLast(blanks.count)
        frame.skipLine()
        return blanks
    }

    mutating func flush() throws(TemplateError) {
        guard !literal.isEmpty else { return }
        let text = String(literal)
        literal = []
        if kind == .html { context.read(text) }
        if context.hasBrokenURL {
            let fault = schemeField ?? frame.fault("")
            throw TemplateError(
                "a merge field before a \":\" in a URL: write the scheme out", line: fault.line,
                column: fault.column, file: fault.file)
        }
        emit(.literal(Array(text.utf8)))
    }

    var isNestedTooDeep: Bool { depth + sections.count >= Self.nestingLimit }

    // MARK: What comes of it

    mutating func emit(_ node: TemplateNode) {
        if sections.isEmpty {
            Self.append(node, to: &nodes)
        } else {
            Self.append(node, to: &sections[sections.count - 1].nodes)
        }
    }

    private static func append(_ node: TemplateNode, to nodes: inout [TemplateNode]) {
        if case .literal(let bytes) = node, case .literal(let before)? = nodes.last {
            nodes[nodes.count - 1] = .literal(before + bytes)
        } else {
            nodes.append(node)
        }
    }

    /// What `body` emits, apart.
    mutating func gathering(
        _ body: (inout TemplateParser) throws(TemplateError) -> Void
    ) throws(TemplateError) -> [TemplateNode] {
        let (outerNodes, outerSections) = (nodes, sections)
        (nodes, sections) = ([], [])
        depth += outerSections.count
        defer {
            (nodes, sections) = (outerNodes, outerSections)
            depth -= outerSections.count
        }
        try body(&self)
        return nodes
    }
}
