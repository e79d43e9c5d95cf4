/// A mail's HTML as readers of plain text have it: paragraphs and lists kept, cells of tables apart, links with their
/// addresses. What is not shown is left out.
public struct PlainText {
    private var text = TextFlow()
    private var lists: [Int?] = []
    private var tables: [Table] = []
    private var links: [Link] = []

    private struct Table {
        /// Whether it only arranges what it holds (`role="presentation"`).
        var isLayout: Bool
        var cells = 0
    }

    private struct Link {
        var address: String
        /// What the text was before its label.
        var start: Int
    }

    /// The text of a document.
    public static func of(html: String) -> String {
        var text = PlainText()
        var scanner = TagScanner(html)
        while let piece = scanner.next() {
            switch piece {
            case .text(let words): text.text.add(words)
            case .open(let tag): if !tag.isShown { scanner.skip(tag.name) } else { text.open(tag) }
            case .close(let name): text.close(name)
            }
        }
        return text.text.finished
    }

    private mutating func open(_ tag: TagScanner.Tag) {
        switch tag.name {
        case "br": text.endLine()
        case "hr":
            text.endParagraph()
            text.add("----------")
            text.endParagraph()
        case "img":
            let alternative = (tag["alt"] ?? "").trimmingHTMLSpace
            if !alternative.isEmpty { text.add(alternative) }
        case "a": openLink(tag["href"] ?? "")
        case "ul": openList(nil)
        case "ol": openList(Int(tag["start"] ?? "") ?? 1)
        case "li": openItem()
        case "table":
            text.endLine()
            tables.append(Table(isLayout: tag["role"] == "presentation" || tag["role"] == "none"))
        case "tr":
            text.endLine()
            if !tables.isEmpty { tables[tables.count - 1].cells = 0 }
        case "td", "th": openCell()
        case _ where Self.paragraphs.contains(tag.name): text.endParagraph()
        case _ where Self.blocks.contains(tag.name): text.endLine()
        default: break
        }
    }

    private mutating func close(_ name: String) {
        switch name {
        case "a": closeLink()
        case "ul", "ol":
            _ = lists.popLast()
            text.indent = 2 * max(0, lists.count)
            if lists.isEmpty { text.endParagraph() } else { text.endLine() }
        case "li":
            text.endLineOnly()
            text.indent = 2 * max(0, lists.count - 1)
        case "table":
            _ = tables.popLast()
            text.endParagraph()
        case "tr": text.endLine()
        case _ where Self.paragraphs.contains(name): text.endParagraph()
        case _ where Self.blocks.contains(name): text.endLine()
        default: break
        }
    }

    private static let paragraphs: Set<String> = [
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dl", "pre", "figure",
    ]
    private static let blocks: Set<String> = [
        "div", "section", "article", "header", "footer", "main", "nav", "address", "dt", "dd", "center", "caption",
        "figcaption", "body",
    ]

    // MARK: Lists and tables

    private mutating func openList(_ first: Int?) {
        if lists.isEmpty { text.endParagraph() } else { text.endLineOnly() }
        lists.append(first)
    }

    private mutating func openItem() {
        text.endLine()
        text.indent = 2 * max(0, lists.count - 1)
        let number = lists.last ?? nil
        text.begin(number.map { "\($0). " } ?? "- ")
        if let number { lists[lists.count - 1] = number &+ 1 }
        text.indent = 2 * lists.count
    }

    private mutating func openCell() {
        guard let table = tables.last else { return }
        if table.isLayout {
            text.endLine()
        } else if table.cells > 0 {
            text.separate(by: " | ")
        }
        tables[tables.count - 1].cells += 1
    }

    // MARK: Links

    private mutating func openLink(_ address: String) {
        links.append(Link(address: address.trimmingHTMLSpace, start: text.mark))
    }

    /// A label that is the address already is left as it is.
    private mutating func closeLink() {
        guard let link = links.popLast() else { return }
        let address = link.address
        let isMail = address.lowercased().hasPrefix("mailto:")
        let shown = isMail ? String(address.dropFirst(7).prefix { $0 != "?" }) : address
        guard !shown.isEmpty, !shown.hasPrefix("#") else { return }
        let label = text.words(since: link.start)
        if label.isEmpty {
            text.add(shown)
        } else if label != shown {
            text.add(" (\(shown))")
        }
    }
}
