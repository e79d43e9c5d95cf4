/// Merge fields, sections and comments.
extension TemplateParser {
    mutating func readTag() throws(TemplateError) {
        guard frame.index + 2 < frame.characters.count else { throw frame.fault("a tag that does not end") }
        let sigil = frame.characters[frame.index + 2]
        switch sigil {
        case "#", "^": try openSection(sigil)
        case "/": try closeSection()
        case "!": try skipComment()
        case ">": try include()
        case "{", "&": throw frame.fault("an unescaped merge field: use {{…}}")
        case "<", "$": throw frame.fault("a parent or a block of Mustache's: they are not supported")
        case "%": throw frame.fault("a pragma: they are not supported")
        case "=": throw frame.fault("a change of delimiters: it is not supported")
        default: try mergeField()
        }
    }

    private mutating func mergeField() throws(TemplateError) {
        let start = frame
        let tag = try readName(after: 2, takesFallback: true)
        try flush()
        if kind == .html, let objection = context.objection { throw start.fault(objection) }
        if context.beginsURL { schemeField = start.fault("") }
        names.insert(tag.name)
        emit(
            .field(
                MergeField(
                    path: FieldPath(tag.name), beginsURL: context.beginsURL,
                    fallback: tag.fallback.map(fallback) ?? [])))
        context.readField()
    }

    private func fallback(_ text: String) -> [UInt8] {
        let text = context.beginsURL ? MergeURL.safe(text) : text
        return Array((kind == .html ? HTMLText.escaped(text) : text).utf8)
    }

    private mutating func openSection(_ sigil: Character) throws(TemplateError) {
        guard !isNestedTooDeep else {
            throw frame.fault("sections nested more than \(Self.nestingLimit) deep")
        }
        let start = frame
        let name = try readName(after: 3).name
        names.insert(name)
        _ = clearLine(ofTagAt: start.index)
        try flush()
        var absent = context
        if let closed = lastClosed, closed.file == frame.file, closed.end == start.index, closed.open.name == name,
            closed.open.sigil != sigil
        {
            // The one is there exactly where the other is not.
            (context, absent) = (closed.open.context, closed.context)
        }
        sections.append(
            OpenSection(
                sigil: sigil, name: name, fault: start.fault("the section \"\(name)\" is not closed"),
                context: context, absent: absent))
    }

    private mutating func closeSection() throws(TemplateError) {
        guard sections.count > frame.openSections, let open = sections.last else {
            throw frame.fault("a section is closed that was not opened")
        }
        let start = frame
        let name = try readName(after: 3).name
        guard name == open.name else {
            throw start.fault("\"\(name)\" is closed where \"\(open.name)\" is open")
        }
        let end = frame.index
        _ = clearLine(ofTagAt: start.index)
        try flush()
        let nodes = sections.removeLast().nodes
        guard kind != .html || context.isAlike(open.context) else {
            throw start.fault("the section \"\(name)\" begins and ends in different places of the HTML")
        }
        if let url = context.url, url.isOpen, url.hasField, url.colons > open.context.url?.colons ?? 0 {
            var fault = open.fault
            fault.message = "the section \"\(name)\", repeated, puts a \":\" behind a merge field in a URL"
            throw fault
        }
        // A third one would follow the first, so only two make a pair.
        lastClosed =
            open.absent == open.context
            ? ClosedSection(open: open, file: frame.file, end: end, context: context) : nil
        context.merge(open.absent)
        emit(.section(FieldPath(name), isInverted: open.sigil == "^", nodes))
    }

    /// A comment ends at the first "}}".
    private mutating func skipComment() throws(TemplateError) {
        let start = frame
        for _ in 0..<3 { frame.advance() }
        while !frame.isAt("}", "}") {
            guard !frame.isAtEnd else { throw start.fault("a comment that does not end") }
            _ = try nextLiteral()
        }
        for _ in 0..<2 { frame.advance() }
        _ = clearLine(ofTagAt: start.index)
    }

    /// Reads a name and the end of its tag.
    ///
    /// - Parameters:
    ///   - offset: that of the name's first possible place.
    ///   - takesFallback: whether `| "text"` may follow it.
    mutating func readName(
        after offset: Int, takesFallback: Bool = false
    ) throws(TemplateError) -> (name: String, fallback: String?) {
        let start = frame
        for _ in 0..<offset { frame.advance() }
        skipBlanks()
        var name = ""
        while !frame.isAtEnd, Self.isNamePart(frame.characters[frame.index]) {
            name.append(frame.characters[frame.index])
            frame.advance()
        }
        skipBlanks()
        var fallback: String?
        if takesFallback, !frame.isAtEnd, frame.characters[frame.index] == "|" { fallback = try readFallback(start) }
        guard frame.isAt("}", "}") else {
            throw start.fault(
                "a tag that does not end, or a name of more than letters, digits, \"_\", \"-\" and \".\"")
        }
        let components = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name == "." || components.allSatisfy({ !$0.isEmpty && $0.first != "-" }) else {
            throw start.fault(name.isEmpty ? "a tag without a name" : "the name \"\(name)\" is malformed")
        }
        for _ in 0..<2 { frame.advance() }
        return (name, fallback)
    }

    /// `| "text"`: what stands in the place of a value that is not there.
    private mutating func readFallback(_ start: TemplateFrame) throws(TemplateError) -> String {
        frame.advance()
        skipBlanks()
        guard !frame.isAtEnd, frame.characters[frame.index] == "\"" else {
            throw start.fault("what stands behind \"|\" is in quotes: {{contact.first_name | \"there\"}}")
        }
        frame.advance()
        var text = ""
        while !frame.isAtEnd, frame.characters[frame.index] != "\"" { text.append(try nextLiteral()) }
        guard !frame.isAtEnd else { throw start.fault("a quote that does not end") }
        frame.advance()
        skipBlanks()
        return text
    }

    private mutating func skipBlanks() {
        while !frame.isAtEnd, frame.characters[frame.index] == " " || frame.characters[frame.index] == "\t" {
            frame.advance()
        }
    }

    private static func isNamePart(_ character: Character) -> Bool {
        guard let ascii = character.asciiValue else { return false }
        return switch ascii {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
