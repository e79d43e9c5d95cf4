import Yams

/// One YAML file, read without anchors, aliases and tags.
struct YAMLFile {
    /// The most bytes that a file may have.
    static let sizeLimit = 256 * 1024
    private static let depthLimit = 64

    let name: String
    let root: YAMLNode
    private let lines: [[Unicode.Scalar]]

    /// Throws the fault that makes the file unreadable.
    init(name: String, text: String) throws(Finding) {
        self.name = name
        guard text.utf8.count <= Self.sizeLimit else {
            throw Self.fault(name, .start, "the file is larger than \(Self.sizeLimit / 1024) KB")
        }
        lines = Self.split(text)
        if let place = AliasScanner(lines).firstAlias {
            throw Self.fault(name, place, "aliases (*name) are not read", help: "write the value out")
        }
        root = try Self.compose(name, text)
    }

    private static func split(_ text: String) -> [[Unicode.Scalar]] {
        text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }.map { Array($0) }
    }

    private static func compose(_ name: String, _ text: String) throws(Finding) -> YAMLNode {
        do {
            let parser = try Parser(yaml: text, encoding: .utf8)
            // Nodes hold their anchors weakly, the parser strongly.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    return YAMLNode(place: .start, content: .scalar("", .plain))
                }
                return try convert(root, name, depth: 0)
            }
        } catch let finding as Finding {
            throw finding
        } catch {
            throw finding(name, error as? YamlError)
        }
    }

    private static func convert(_ node: Node, _ file: String, depth: Int) throws(Finding) -> YAMLNode {
        let place = node.mark.map { YAMLNode.Place(line: $0.line, column: $0.column) } ?? .start
        guard depth < depthLimit else { throw fault(file, place, "more than \(depthLimit) levels") }
        guard node.anchor == nil else {
            throw fault(file, place, "anchors (&name) are not read", help: "write the value out where it is needed")
        }
        switch node {
        case .scalar(let scalar): return try convert(scalar, file, place)
        case .sequence(let sequence):
            try refuse(tag: sequence.tag, at: place, file)
            var elements: [YAMLNode] = []
            for element in sequence { elements.append(try convert(element, file, depth: depth + 1)) }
            return YAMLNode(place: place, content: .sequence(elements))
        case .mapping(let mapping):
            try refuse(tag: mapping.tag, at: place, file)
            var members: [YAMLNode.Member] = []
            for (key, value) in mapping { members.append(try member(key, value, file, depth: depth)) }
            return YAMLNode(place: place, content: .mapping(members))
        case .alias: throw fault(file, place, "aliases (*name) are not read")
        }
    }

    private static func convert(_ scalar: Node.Scalar, _ file: String, _ place: YAMLNode.Place) throws(Finding)
        -> YAMLNode
    {
        let style: YAMLNode.Style
        switch scalar.style {
        case .singleQuoted: style = .singleQuoted
        case .doubleQuoted: style = .doubleQuoted
        case .literal: style = .literal
        case .folded: style = .folded
        case .any, .plain: style = .plain
        }
        if style == .plain { try refuse(tag: scalar.tag, at: place, file) }
        guard !scalar.string.unicodeScalars.contains("\u{0}") else {
            throw fault(file, place, "a NUL character, which the store cannot hold")
        }
        return YAMLNode(place: place, content: .scalar(scalar.string, style))
    }

    private static func member(
        _ key: Node, _ value: Node, _ file: String, depth: Int
    ) throws(Finding) -> YAMLNode.Member {
        let place = key.mark.map { YAMLNode.Place(line: $0.line, column: $0.column) } ?? .start
        guard case .scalar(let scalar) = key, key.anchor == nil else {
            throw fault(file, place, "a key must be plain text")
        }
        let value = try convert(value, file, depth: depth + 1)
        return YAMLNode.Member(key: scalar.string, keyPlace: place, value: value)
    }

    private static func refuse(tag: Tag, at place: YAMLNode.Place, _ file: String) throws(Finding) {
        guard tag.rawValue.isEmpty else { throw fault(file, place, "tags (!name) are not read") }
    }
}

// MARK: Faults

extension YAMLFile {
    private static func fault(
        _ file: String, _ place: YAMLNode.Place, _ message: String, help: String? = nil
    ) -> Finding {
        Finding(
            file: file, line: place.line, column: place.column, severity: .error, code: .yaml, message: message,
            help: help)
    }

    private static func finding(_ file: String, _ error: YamlError?) -> Finding {
        func at(_ mark: Mark) -> YAMLNode.Place { .init(line: max(1, mark.line), column: max(1, mark.column)) }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return fault(file, at(mark), "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            var finding = fault(file, at(context.mark), "the key \"\(keys.first ?? "")\" stands twice")
            finding.code = .duplicate
            return finding
        case .reader(let problem, _, _, _): return fault(file, .start, "this is not YAML: \(problem)")
        default: return fault(file, .start, "this cannot be read as YAML")
        }
    }
}

// MARK: Places inside of texts

extension YAMLFile {
    /// Where a place within a scalar's text (1-based line and column) stands in the file; the scalar's own place where
    /// folding has moved it.
    func place(line: Int, column: Int, in node: YAMLNode) -> YAMLNode.Place {
        guard case .scalar(_, let style) = node.content, lines.indices.contains(node.place.line - 1) else {
            return node.place
        }
        switch style {
        case .literal: return literalPlace(line, column, node.place)
        case .folded:
            return YAMLNode.Place(line: node.place.line + 1, column: indentation(ofLine: node.place.line + 1) + 1)
        case .plain, .singleQuoted, .doubleQuoted:
            return line == 1 ? flowPlace(column, style, node.place) : node.place
        }
    }

    private func literalPlace(_ line: Int, _ column: Int, _ start: YAMLNode.Place) -> YAMLNode.Place {
        let indentation = indentation(ofLine: start.line + 1)
        return YAMLNode.Place(line: start.line + line, column: indentation + column)
    }

    private func indentation(ofLine line: Int) -> Int {
        guard lines.indices.contains(line - 1) else { return 0 }
        return lines[line - 1].prefix { $0 == " " }.count
    }

    /// Walks over the quotes and escapes of the first line.
    private func flowPlace(_ column: Int, _ style: YAMLNode.Style, _ start: YAMLNode.Place) -> YAMLNode.Place {
        let text = lines[start.line - 1]
        var raw = start.column - 1 + (style == .plain ? 0 : 1)
        for _ in 1..<max(1, column) where raw < text.count {
            let isEscape = style == .singleQuoted && text[raw] == "'" || style == .doubleQuoted && text[raw] == "\\"
            raw += isEscape ? 2 : 1
        }
        return raw <= text.count ? YAMLNode.Place(line: start.line, column: raw + 1) : start
    }
}
