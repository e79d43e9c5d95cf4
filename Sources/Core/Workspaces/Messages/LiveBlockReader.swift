import Content
import Expressions
import JourneyProgram
import Model

extension EmailReader {
    /// `live: [{live: banner, alt: …, rules: [{when: device == "mobile", image: …, link: …}], fallback: {image: …}}]`.
    func liveBlocks(_ fields: Fields) -> [LiveBlock] {
        var blocks: [LiveBlock] = []
        for node in fields.list("live") ?? [] {
            guard let block = liveBlock(node) else { continue }
            if blocks.contains(where: { $0.name == block.name }) {
                inspection.report(.duplicate, "the block \"\(block.name)\" stands twice", at: node.place)
            } else {
                blocks.append(block)
            }
        }
        return blocks
    }

    /// Names that could mean something else as well.
    func report(_ live: [LiveBlock], namedAs blocks: [PlacedBlock], at place: YAMLNode.Place?) {
        let others = Set(blocks.map(\.rule.name)).union(around.library.names(in: .partials)).union([TemplateParts.body])
        for block in live where others.contains(block.name) {
            inspection.report(
                .duplicate, "\"\(block.name)\" is the name of a block or partial as well", at: place ?? .start,
                help: "{{> \(block.name)}} could mean either")
        }
    }

    private func liveBlock(_ node: YAMLNode) -> LiveBlock? {
        let keys = ["live", "alt", "width", "height", "source", "rules", "fallback"]
        guard let fields = Fields(node, of: "a live block", keys: keys, in: inspection) else { return nil }
        let name = fields.required("live").flatMap { inspection.name($0, "a block's name") }
        let alternatives = fields.required("alt", help: "what is read where no image is shown").map {
            localized($0, "the alternative")
        }
        let width = fields["width"].map { inspection.whole($0, "\"width\"", in: 1...2_000) }
        let height = fields["height"].map { inspection.whole($0, "\"height\"", in: 1...4_000) }
        let source = fields["source"].map(self.source)
        let rules = (fields.list("rules") ?? []).compactMap { liveRule($0, hasSource: source != nil) }
        let fallback = fields.required(
            "fallback", help: "what proxies of mail providers are shown, and where no rule holds"
        )
        .flatMap(liveContent)
        if let fallback, fallback.link == nil, rules.contains(where: { $0.content.link != nil }) {
            inspection.report(
                .missing, "the fallback has no \"link\"", at: fields["fallback"]?.place ?? node.place,
                help: "where some rule has one, the fallback has one too")
        }
        guard let name, let fallback, let alternatives,
            let own = alternatives.own.flatMap({ inspection.text($0, "the alternative") })
        else { return nil }
        return LiveBlock(
            name: name, alternative: own,
            alternatives: alternatives.others.compactMapValues { inspection.text($0, "the alternative") },
            width: width ?? nil, height: height ?? nil, source: source ?? nil, rules: rules, fallback: fallback)
    }

    private func liveRule(_ node: YAMLNode, hasSource: Bool) -> LiveBlock.Rule? {
        guard let fields = Fields(node, of: "a rule", keys: ["when", "image", "link"], in: inspection) else {
            return nil
        }
        let when = fields.required("when", help: "such as device == \"mobile\"").flatMap(opening)
        if let when, when.mentionedOpening.contains("live"), !hasSource, let node = fields["when"] {
            inspection.report(
                .missing, "nothing says where \"live\" comes from", at: node.place,
                help: "source: an https URL that answers JSON")
        }
        guard let when, let content = content(fields) else { return nil }
        return LiveBlock.Rule(when: when, content: content)
    }

    /// Whoever opens a mail is not known for sure.
    private func opening(_ node: YAMLNode) -> Expression? {
        guard let when = inspection.expression(node, scope: .opening, around.vocabulary) else { return nil }
        let asksOfContact =
            when.usesContact || when.usesStage || !when.mentionedEvents.isEmpty || !when.mentionedScores.isEmpty
            || !when.mentionedTopics.isEmpty || !when.mentionedSegments.isEmpty
        guard !asksOfContact else {
            inspection.report(
                .invalid, "what is chosen when a mail is opened does not know the contact", at: node.place,
                help: "it knows device, place, time, date, weekday, language and live; \"blocks\" know the contact")
            return nil
        }
        return when
    }

    private func liveContent(_ node: YAMLNode) -> LiveBlock.Content? {
        Fields(node, of: "the fallback", keys: ["image", "link"], in: inspection).flatMap(content)
    }

    private func content(_ fields: Fields) -> LiveBlock.Content? {
        let image = fields.required("image").flatMap { url($0, "an image") }
        let link = fields["link"].map { url($0, "a link") }
        guard let image else { return nil }
        if let link, link == nil { return nil }
        return LiveBlock.Content(image: image, link: link ?? nil)
    }

    private func url(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = inspection.text(node, what) else { return nil }
        guard WebhookURL(text) != nil else {
            inspection.report(
                .invalid, "\(what) is an absolute http or https URL in ASCII", at: node.place,
                help: "such as https://shop.example/banner.png")
            return nil
        }
        return text
    }

    private func source(_ node: YAMLNode) -> WebhookURL? {
        guard let text = inspection.text(node, "a source") else { return nil }
        guard let url = WebhookURL(text) else {
            inspection.report(
                .invalid, "a source is an absolute https URL", at: node.place,
                help: "such as https://shop.example/stock.json")
            return nil
        }
        return url
    }
}
