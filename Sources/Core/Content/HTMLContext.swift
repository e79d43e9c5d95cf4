/// Where in an HTML document a point of a template lies, as far as merge fields care (HTML, section 13.2.5).
///
/// It is read along the literal text alone; that sections begin and end alike makes that hold for every rendering.
struct HTMLContext: Hashable {
    private enum State: Hashable {
        case text
        /// After "<".
        case tagOpen
        case tagName
        /// Inside a tag, between attributes.
        case tag
        case attributeName
        /// After "=".
        case beforeValue
        case value(quote: Unicode.Scalar)
        case unquotedValue
        /// "<!…>" or "<?…>".
        case declaration
        case comment
        /// Inside an element whose text holds no tags.
        case rawText(element: String)
    }

    private var state = State.text
    private var tag = ""
    private var attribute = ""
    /// Of the attribute whose value this is, where that is a URL.
    private(set) var url: URLStart?
    /// Whether a literal ":" has followed a merge field where a URL's scheme stands.
    private(set) var hasBrokenURL = false
    /// The last scalars, by which the end of comments and raw text is seen.
    private var recent = ""

    private static let rawTextElements: Set<String> = [
        "script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext", "title", "textarea",
    ]
    private static let urlAttributes: Set<String> = [
        "href", "src", "action", "formaction", "background", "poster", "cite", "data", "xlink:href", "srcset",
    ]

    var isText: Bool { state == .text }

    /// Why a merge field cannot stand here; nil where it can.
    var objection: String? {
        switch state {
        case .text, .comment: nil
        case .declaration: "a merge field inside <!…>"
        case .rawText(let element):
            ["title", "textarea"].contains(element) ? nil : "a merge field inside <\(element)>"
        case .value:
            attribute.hasPrefix("on") || ["style", "srcdoc"].contains(attribute)
                ? "a merge field in the attribute \"\(attribute)\"" : urlObjection
        case .tagOpen, .tagName, .tag, .attributeName, .beforeValue, .unquotedValue:
            "a merge field inside a tag, outside quotes"
        }
    }

    private var urlObjection: String? {
        guard let url else { return nil }
        if url.isForbidden { return "a merge field behind a scheme other than \(MergeURL.list)" }
        return url.isOpen && url.reference != nil ? "a merge field inside a character reference" : nil
    }

    /// Whether a merge field here may make the scheme of a URL.
    var beginsURL: Bool { url?.isOpen ?? false }

    /// Whether the two are the same place but for how much of an attribute's value has been seen.
    func isAlike(_ other: HTMLContext) -> Bool {
        state == other.state && (state == .text || (tag == other.tag && attribute == other.attribute))
            && url?.reference == other.url?.reference
    }

    /// Takes in that what lay between `other` and here may be absent.
    mutating func merge(_ other: HTMLContext) {
        if let start = other.url { url?.merge(start) }
    }

    /// Takes in that a merge field stands here.
    mutating func readField() { url?.readField() }

    mutating func read(_ literal: String) {
        for scalar in literal.unicodeScalars { read(scalar) }
    }

    private mutating func read(_ scalar: Unicode.Scalar) {
        switch state {
        case .text: if scalar == "<" { state = .tagOpen }
        case .tagOpen: openTag(scalar)
        case .tagName: readTagName(scalar)
        case .tag: readTag(scalar)
        case .attributeName: readAttributeName(scalar)
        case .beforeValue: beginValue(scalar)
        case .value(let quote): if scalar == quote { endValue() } else { readURL(scalar) }
        case .unquotedValue: if scalar.isHTMLSpace { endValue() } else if scalar == ">" { endTag() }
        case .declaration: readDeclaration(scalar)
        case .comment: readComment(scalar)
        case .rawText(let element): readRawText(scalar, element)
        }
    }

    private mutating func readURL(_ scalar: Unicode.Scalar) {
        url?.read(scalar)
        if url?.isBroken == true { hasBrokenURL = true }
    }

    private mutating func openTag(_ scalar: Unicode.Scalar) {
        tag = ""
        recent = ""
        switch scalar {
        case "!", "?": state = .declaration
        case "/": state = .tagName
        case _ where scalar.isASCIILetter:
            state = .tagName
            tag.unicodeScalars.append(scalar)
        case "<": break
        default: state = .text
        }
    }

    private mutating func readTagName(_ scalar: Unicode.Scalar) {
        if scalar == ">" {
            endTag()
        } else if scalar.isHTMLSpace || scalar == "/" {
            if tag.isEmpty { tag = "/" }
            state = .tag
        } else {
            // A closing tag never begins raw text: its name is kept with the slash.
            if tag.isEmpty { tag = "/" }
            tag.unicodeScalars.append(scalar)
        }
    }

    private mutating func readTag(_ scalar: Unicode.Scalar) {
        if scalar == ">" {
            endTag()
        } else if !scalar.isHTMLSpace, scalar != "/" {
            attribute = String(Character(scalar)).lowercased()
            state = .attributeName
        }
    }

    private mutating func readAttributeName(_ scalar: Unicode.Scalar) {
        if scalar == "=" {
            state = .beforeValue
        } else if scalar == ">" {
            endTag()
        } else if !scalar.isHTMLSpace {
            if attribute.hasSuffix(" ") { attribute = "" }
            attribute += String(Character(scalar)).lowercased()
        } else if !attribute.hasSuffix(" ") {
            // White space may precede the "="; another name after it is another attribute.
            attribute += " "
        }
    }

    private mutating func beginValue(_ scalar: Unicode.Scalar) {
        if scalar.isHTMLSpace { return }
        if attribute.hasSuffix(" ") { attribute.removeLast() }
        switch scalar {
        case "\"", "'":
            state = .value(quote: scalar)
            url = Self.urlAttributes.contains(attribute) ? URLStart() : nil
        case ">": endTag()
        default: state = .unquotedValue
        }
    }

    private mutating func endValue() {
        attribute = ""
        url = nil
        state = .tag
    }

    private mutating func endTag() {
        let name = tag.lowercased()
        recent = ""
        attribute = ""
        url = nil
        state = Self.rawTextElements.contains(name) ? .rawText(element: name) : .text
    }

    private mutating func readDeclaration(_ scalar: Unicode.Scalar) {
        recent.unicodeScalars.append(scalar)
        if scalar == ">" {
            state = .text
        } else if recent == "--" {
            recent = ""
            state = .comment
        }
    }

    private mutating func readComment(_ scalar: Unicode.Scalar) {
        remember(scalar, count: 3)
        if recent == "-->" || recent == "--!>" { state = .text }
    }

    private mutating func readRawText(_ scalar: Unicode.Scalar, _ element: String) {
        let end = "</\(element)"
        if recent.lowercased() == end, scalar.isHTMLSpace || scalar == ">" || scalar == "/" {
            tag = "/\(element)"
            if scalar == ">" { endTag() } else { state = .tag }
            return
        }
        remember(scalar, count: end.unicodeScalars.count)
    }

    private mutating func remember(_ scalar: Unicode.Scalar, count: Int) {
        recent.unicodeScalars.append(scalar)
        while recent.unicodeScalars.count > count { recent.unicodeScalars.removeFirst() }
    }
}

extension Unicode.Scalar {
    /// The white space of HTML.
    var isHTMLSpace: Bool { self == " " || self == "\t" || self == "\n" || self == "\r" || self == "\u{C}" }

    var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
