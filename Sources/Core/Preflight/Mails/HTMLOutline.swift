/// What checks ask of a mail's HTML, gathered in one reading.
struct HTMLOutline {
    struct Image: Hashable {
        var attributes: [String: String]
        /// Whether a link holds it, so that its `alt` is all that some see of the link.
        var isInLink: Bool
        /// One that counts or fills space.
        var isInvisible: Bool
    }

    struct Link: Hashable {
        var target: String
        var text: String
        var hasImage: Bool
    }

    /// A text on its background.
    struct Shade: Hashable {
        var text: Colour
        var background: Colour
        var isLarge: Bool
    }

    private(set) var language: String?
    private(set) var title = ""
    private(set) var images: [Image] = []
    private(set) var links: [Link] = []
    /// Letters that are shown.
    private(set) var letters = 0
    private(set) var showsMergeField = false
    /// With the first words that are so.
    private(set) var shades: [Shade: String] = [:]
    private(set) var gaps: [Int] = []
    private var sheet = StyleSheet("")
    private var open: [OpenElement] = []
    /// The link that is open.
    private var link: Link?

    private static let voidElements: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    ]
    /// Deeper ones are taken for what they stand in.
    private static let depthLimit = 256

    init(_ html: String) {
        sheet = StyleSheet(
            HTMLReader(html).compactMap { if case .raw("style", let text) = $0 { text } else { nil } }.joined(
                separator: "\n"))
        noteSheet()
        for piece in HTMLReader(html) {
            switch piece {
            case .open(let name, let attributes): enter(name, attributes)
            case .close(let name): leave(name)
            case .text(let text): read(text)
            case .raw("title", let text): if title.isEmpty { title = String(text.trimmingBlanks) }
            case .raw: break
            }
        }
        if let link { links.append(link) }
    }

    private mutating func enter(_ name: String, _ attributes: [String: String]) {
        if name == "html" { language = attributes["lang"] }
        note { $0.feature == .element(name) && (name != "link" || attributes["rel"]?.lowercased() == "stylesheet") }
        let inline = StyleDeclaration.all(in: attributes["style"] ?? "")
        note(inline)
        let element = OpenElement(name, attributes, inline: inline, in: open.last, by: sheet)
        if name == "a" {
            if let link { links.append(link) }
            link = attributes["href"].map { Link(target: $0, text: "", hasImage: false) }
        }
        if name == "img" {
            link?.hasImage = true
            images.append(
                Image(
                    attributes: attributes, isInLink: link != nil,
                    isInvisible: element.isHidden || Self.isInvisible(attributes)))
        }
        if !Self.voidElements.contains(name), open.count < Self.depthLimit { open.append(element) }
    }

    private static func isInvisible(_ attributes: [String: String]) -> Bool {
        ["width", "height"].contains { attributes[$0].map { ["0", "1"].contains($0.filter(\.isNumber)) } ?? false }
    }

    private mutating func leave(_ name: String) {
        if name == "a", let ended = link {
            links.append(ended)
            link = nil
        }
        guard let place = open.lastIndex(where: { $0.name == name }) else { return }
        open.removeSubrange(place...)
    }

    private mutating func read(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !words.isEmpty else { return }
        if words.contains("{{") { showsMergeField = true }
        link?.text += words
        let element = open.last
        guard element?.isHidden != true else { return }
        letters += words.count
        // Arrows, bars and blanks are for the eye.
        guard words.contains(where: { $0.isLetter || $0.isNumber }) else { return }
        guard let text = element.map(\.text) ?? .black, let background = element.map(\.background) ?? .white else {
            return
        }
        let shade = Shade(text: text, background: background, isLarge: element?.isLarge ?? false)
        if shades[shade] == nil { shades[shade] = words }
    }

    // MARK: What programs leave out

    private mutating func noteSheet() {
        for name in sheet.atRules { note { $0.feature == .atRule(name) } }
        for rule in sheet.rules { note(rule.declarations) }
    }

    private mutating func note(_ declarations: [StyleDeclaration]) {
        for declaration in declarations { note { $0.isUsed(by: declaration) } }
    }

    private mutating func note(_ isUsed: (ClientSupport) -> Bool) {
        for (index, gap) in ClientSupport.all.enumerated() where isUsed(gap) && !gaps.contains(index) {
            gaps.append(index)
        }
    }
}
