/// `color:#fff;padding:0`, as styles and rules write it.
struct StyleDeclaration: Hashable {
    /// In lower case.
    var property: String
    /// Without `!important`.
    var value: String
    var isImportant = false

    static func all(in text: some StringProtocol) -> [StyleDeclaration] {
        parts(of: text, at: ";").compactMap { part in
            guard let colon = part.firstIndex(of: ":") else { return nil }
            let property = part[..<colon].trimmingBlanks.lowercased()
            var value = part[part.index(after: colon)...].trimmingBlanks
            guard !property.isEmpty, !value.isEmpty else { return nil }
            let isImportant = value.lowercased().hasSuffix("!important")
            if isImportant { value = value.dropLast("!important".count).trimmingBlanks }
            return StyleDeclaration(property: property, value: String(value), isImportant: isImportant)
        }
    }

    /// Parted outside brackets and quotes.
    static func parts<Text: StringProtocol>(of text: Text, at separator: Character) -> [Text.SubSequence] {
        var (parts, start, depth): ([Text.SubSequence], Text.Index, Int) = ([], text.startIndex, 0)
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "(" {
                depth += 1
            } else if character == ")" {
                depth = max(0, depth - 1)
            } else if character == separator, depth == 0 {
                parts.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        parts.append(text[start...])
        return parts
    }
}

/// What a `style` element says: the rules that hold always, and the names of what else stands in it.
struct StyleSheet {
    struct Rule: Hashable {
        var selectors: [Selector]
        var declarations: [StyleDeclaration]
    }

    /// The last part of a selector, which says whom it may be about.
    struct Selector: Hashable {
        var element: String?
        var id: String?
        var classes: [String] = []
        /// Whether there is more to it than that, so that it need not be about them.
        var isQualified: Bool

        init(_ text: Substring) {
            let parts = text.split { $0.isWhitespace || ">+~".contains($0) }
            let last = parts.last ?? ""
            isQualified = parts.count > 1 || last.contains { ":[".contains($0) }
            let plain = last.prefix { !":[".contains($0) }
            var name = ""
            var kind: Character = " "
            for character in plain + " " {
                guard ".# ".contains(character) else {
                    name.append(character)
                    continue
                }
                switch kind {
                case ".": classes.append(name)
                case "#": id = name
                default: if !name.isEmpty, name != "*" { element = name.lowercased() }
                }
                (kind, name) = (character, "")
            }
        }

        func mayMean(_ name: String, _ attributes: [String: String]) -> Bool {
            if let element, element != name { return false }
            if let id, attributes["id"] != id { return false }
            guard !classes.isEmpty else { return true }
            let own = attributes["class"]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
            return classes.allSatisfy(own.contains)
        }

        /// CSS's order among rules, without what is ignored here.
        var weight: Int { (id == nil ? 0 : 100) + classes.count * 10 + (element == nil ? 0 : 1) }
    }

    private(set) var rules: [Rule] = []
    /// `import`, `media`, `font-face`, each as often as it stands there.
    private(set) var atRules: [String] = []

    init(_ text: String) {
        var rest = Self.withoutComments(text)[...]
        while let first = rest.firstIndex(where: { !$0.isWhitespace && $0 != "}" }) {
            rest = rest[first...]
            if rest.hasPrefix("@") {
                atRules.append(rest.dropFirst().prefix { $0.isLetter || $0 == "-" }.lowercased())
                rest = Self.pastStatement(rest)
            } else {
                guard let open = rest.firstIndex(of: "{") else { return }
                let inner = rest[rest.index(after: open)...]
                let end = inner.firstIndex(of: "}") ?? inner.endIndex
                let selectors = rest[..<open].split(separator: ",").map { Selector($0) }
                rules.append(Rule(selectors: selectors, declarations: StyleDeclaration.all(in: inner[..<end])))
                rest = inner[end...]
            }
        }
    }

    private static func withoutComments(_ text: String) -> String {
        var (output, rest) = ("", text[...])
        while let start = rest.firstRange(of: "/*") {
            output += rest[..<start.lowerBound]
            rest = rest[start.upperBound...].firstRange(of: "*/").map { text[$0.upperBound...] } ?? ""
        }
        return (output + rest).replacing("<!--", with: "").replacing("-->", with: "")
    }

    /// Behind `@import …;` or `@media … { … }`.
    private static func pastStatement(_ text: Substring) -> Substring {
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case ";" where depth == 0: return text[text.index(after: index)...]
            case "{": depth += 1
            case "}":
                depth -= 1
                if depth <= 0 { return text[text.index(after: index)...] }
            default: break
            }
        }
        return ""
    }
}
