/// `{{> NAME}}`: the mail in its layout, blocks and partials.
extension TemplateParser {
    mutating func include() throws(TemplateError) {
        let start = frame
        let name = try readName(after: 3).name
        let indent = clearLine(ofTagAt: start.index)
        try flush()
        included.insert(name)
        if let block = parts.blocks[name] {
            try show(block, name, at: start, indent: indent ?? [])
        } else if parts.inserts.contains(name) {
            guard kind != .html || context.isText else { throw start.fault("a block inside a tag or a comment") }
            emit(.insert(name))
        } else if name == TemplateParts.body {
            guard parts.layout != nil, around.isEmpty else {
                throw start.fault("{{> body}} is the mail's place in a layout, and stands nowhere else")
            }
            try read(body, as: name, at: start, indent: indent ?? [])
        } else if let partial = parts.partials[name] {
            try read(partial, as: name, at: start, indent: indent ?? [])
        } else {
            throw start.fault("there is no partial or block \"\(name)\"")
        }
    }

    /// Reads another text in the place of a tag.
    private mutating func read(
        _ source: TemplateSource, as name: String, at start: TemplateFrame, indent: [Character]
    ) throws(TemplateError) {
        guard !around.contains(name) else {
            throw start.fault("\"\(name)\" refers to itself: \((around + [name]).joined(separator: " → "))")
        }
        guard around.count < Self.partialLimit else {
            throw start.fault("partials in partials more than \(Self.partialLimit) deep")
        }
        let outer = frame
        frame = start
        try measure(source)
        frame = TemplateFrame(source, as: name, indent: indent, openSections: sections.count)
        around.append(name)
        let before = context
        try readFrame()
        guard kind != .html || context.isAlike(before) else {
            throw frame.fault("the template ends inside a tag or a comment, or outside the one that it began in")
        }
        around.removeLast()
        frame = outer
    }

    private mutating func show(
        _ block: TemplateBlock, _ name: String, at start: TemplateFrame, indent: [Character]
    ) throws(TemplateError) {
        guard kind != .html || context.isText else { throw start.fault("a block inside a tag or a comment") }
        var variants: [String: [TemplateNode]] = [:]
        for (variant, source) in block.variants.sorted(by: { $0.key < $1.key }) {
            variants[variant] = try gathering { parser throws(TemplateError) in
                try parser.read(source, as: name, at: start, indent: indent)
            }
        }
        emit(.block(name, fallback: block.fallback, variants: variants))
    }
}
