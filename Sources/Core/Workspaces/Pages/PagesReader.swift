import Model

/// Reads `pages.yaml`.
struct PagesReader {
    struct Pages {
        var rules: [PageRule] = []
        var contents: [GatedContent] = []
    }

    private static let longestLife = Span.days(366)

    private let inspection: Inspection
    private let stages: [String]?

    /// - Parameter stages: nil where they could not be read.
    init(_ inspection: Inspection, stages: [String]?) {
        self.inspection = inspection
        self.stages = stages
    }

    func read() -> Pages? {
        let keys = ["pages", "content"]
        guard let fields = Fields(inspection.file.root, of: "pages.yaml", keys: keys, in: inspection) else {
            return nil
        }
        var pages = Pages()
        for node in fields.list("content") ?? [] {
            guard let content = content(node) else { continue }
            if pages.contents.contains(where: { $0.name == content.name }) {
                inspection.report(.duplicate, "the content \"\(content.name)\" stands twice", at: node.place)
            } else {
                pages.contents.append(content)
            }
        }
        let names = pages.contents.map(\.name)
        pages.rules = (fields.list("pages") ?? []).compactMap { rule($0, contents: names) }
        return pages
    }

    private func rule(_ node: YAMLNode, contents: [String]) -> PageRule? {
        guard let fields = Fields(node, of: "a page", keys: ["url", "stage", "content"], in: inspection) else {
            return nil
        }
        let pattern = fields.required("url").flatMap(self.pattern)
        let stage = fields["stage"].map(self.stage)
        let content = fields["content"].map {
            inspection.reference($0, "content", among: contents, called: "contents")
        }
        if stage == nil, content == nil {
            inspection.report(.missing, "a page has a \"stage\" or \"content\"", at: node.place)
            return nil
        }
        return pattern.map { PageRule(pattern: $0, stage: stage ?? nil, content: content ?? nil) }
    }

    private func stage(_ node: YAMLNode) -> String? {
        guard let stages else { return inspection.name(node, "a stage's name") }
        return inspection.reference(node, "stage", among: stages, called: "stages")
    }

    private func pattern(_ node: YAMLNode) -> URLPattern? {
        guard let text = inspection.text(node, "a URL pattern") else { return nil }
        if let pattern = URLPattern(text) { return pattern }
        inspection.report(
            .invalid, "\"\(text)\" is not a URL pattern", at: node.place,
            help: "such as /docs/**, /product/* or https://shop.example/docs/**, without query")
        return nil
    }

    private func content(_ node: YAMLNode) -> GatedContent? {
        let keys = ["content", "url", "file", "expires"]
        guard let fields = Fields(node, of: "a content", keys: keys, in: inspection) else { return nil }
        let name = fields.required("content").flatMap { inspection.name($0, "a content's name") }
        let target = self.target(fields)
        let expires = fields["expires"].map(self.life)
        guard let name, let target else { return nil }
        return GatedContent(name: name, target: target, expires: (expires ?? nil) ?? .days(7))
    }

    private func target(_ fields: Fields) -> GatedContent.Target? {
        switch (fields["url"], fields["file"]) {
        case (let url?, nil): return inspection.webAddress(url, "a content's url").map { .url($0) }
        case (nil, let file?): return inspection.name(file, "a file's name").map { .file($0) }
        case (nil, nil): inspection.report(.missing, "a content has a \"url\" or a \"file\"", at: fields.node.place)
        case (_?, let file?): inspection.report(.invalid, "a content has either a url or a file", at: file.place)
        }
        return nil
    }

    private func life(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "how long a link holds") else { return nil }
        guard span <= Self.longestLife else {
            inspection.report(.invalid, "a link holds for a year at most", at: node.place)
            return nil
        }
        return span
    }
}

extension Inspection {
    /// An absolute address of the web in printable ASCII, as a redirect may say it.
    func webAddress(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
        if let scheme, text.utf8.count > scheme.utf8.count, text.utf8.count <= 2048,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#"\"<>`{}|^"#.utf8.contains($0) })
        {
            return text
        }
        report(
            .invalid, "\(what) is not an address of the web", at: node.place,
            help: "such as https://shop.example/thanks")
        return nil
    }
}
