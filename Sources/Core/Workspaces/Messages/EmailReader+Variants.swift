import Content
import Expressions
import JourneyProgram
import Model

/// Wordings for personas and stages, and blocks that conditions choose.
extension EmailReader {
    /// What stands in `email.yaml` of one wording.
    struct Words {
        var subject: Localized?
        var preheader: Localized?
    }

    /// `variants: [{persona: technical, stage: think, subject: …}]`: what some read otherwise than in the bodies.
    func variants(_ fields: Fields) -> [ContentCell: Words] {
        var variants: [ContentCell: Words] = [:]
        for node in fields.list("variants") ?? [] {
            let keys = ["persona", "stage", "subject", "preheader"]
            guard let fields = Fields(node, of: "a variant", keys: keys, in: inspection) else { continue }
            let cell = ContentCell(persona: fields["persona"]?.text, stage: fields["stage"]?.text)
            guard cell != ContentCell() else {
                inspection.report(.missing, "a variant has a \"persona\", a \"stage\" or both", at: node.place)
                continue
            }
            check(cell.persona, "persona", around.vocabulary.personas, at: fields["persona"]?.place ?? node.place)
            check(cell.stage, "stage", around.vocabulary.stages, at: fields["stage"]?.place ?? node.place)
            guard variants[cell] == nil else {
                inspection.report(.duplicate, "the variant for \(cell) stands twice", at: node.place)
                continue
            }
            variants[cell] = Words(
                subject: fields["subject"].map { localized($0, "the subject") },
                preheader: fields["preheader"].map { localized($0, "the preheader") })
        }
        return variants
    }

    private func check(
        _ name: String?, _ what: String, _ known: Set<String>?, at place: YAMLNode.Place, in file: String? = nil
    ) {
        guard let name, let known, !known.contains(name) else { return }
        inspection.report(
            .unknownName, "unknown \(what) \"\(name)\"", at: place,
            help: NearMiss.help(for: name, among: known.sorted(), called: "\(what)s"), in: file)
    }

    /// Whether there are the persona and the stage that files are named after; what is not is reported.
    func isKnown(_ cell: ContentCell) -> Bool {
        for place in bodies.bodies.keys.filter({ $0.cell == cell }).map({ EmailBodies.file($0.part, $0.tag, of: cell) })
            .sorted()
        {
            check(cell.persona, "persona", around.vocabulary.personas, at: .start, in: path(place))
            check(cell.stage, "stage", around.vocabulary.stages, at: .start, in: path(place))
        }
        return cell.persona.map { around.vocabulary.personas?.contains($0) ?? true } ?? true
            && cell.stage.map { around.vocabulary.stages?.contains($0) ?? true } ?? true
    }

    // MARK: Blocks

    /// A block with where it stands.
    struct PlacedBlock {
        var rule: ContentRules.Block
        var place: YAMLNode.Place
        /// All of its variants, the one for whoever fits no other included.
        var names: [String] { rule.variants.map(\.name) + [rule.fallback] }
    }

    /// `blocks: [{block: hero, variants: [{variant: pro, when: …}], default: everybody}]`.
    func blocks(_ fields: Fields) -> [PlacedBlock] {
        var blocks: [PlacedBlock] = []
        for node in fields.list("blocks") ?? [] {
            guard let block = block(node) else { continue }
            if blocks.contains(where: { $0.rule.name == block.rule.name }) {
                inspection.report(.duplicate, "the block \"\(block.rule.name)\" stands twice", at: node.place)
            } else {
                blocks.append(block)
            }
        }
        reportStrayFiles(blocks)
        return blocks
    }

    private func block(_ node: YAMLNode) -> PlacedBlock? {
        guard let fields = Fields(node, of: "a block", keys: ["block", "variants", "default"], in: inspection) else {
            return nil
        }
        let name = fields.required("block").flatMap { word($0, "a block's name") }
        let variants = (fields.required("variants").flatMap { _ in fields.list("variants") } ?? []).compactMap(variant)
        let fallback = fields.required("default", help: "the variant for whoever fits no other, or none")
            .flatMap { word($0, "a variant's name") }
        if let name, around.library.names(in: .partials).contains(name) || name == TemplateParts.body {
            inspection.report(
                .duplicate, "\"\(name)\" is the name of a partial as well", at: node.place,
                help: "{{> \(name)}} could mean either")
        }
        for (index, variant) in variants.enumerated()
        where variants[..<index].contains(where: { $0.name == variant.name && $0.when.source == variant.when.source }) {
            inspection.report(.duplicate, "the variant \"\(variant.name)\" stands twice", at: node.place)
        }
        guard let name, let fallback else { return nil }
        return PlacedBlock(
            rule: ContentRules.Block(name: name, variants: variants, fallback: fallback), place: node.place)
    }

    private func variant(_ node: YAMLNode) -> ContentRules.Variant? {
        guard let fields = Fields(node, of: "a variant", keys: ["variant", "when"], in: inspection) else { return nil }
        let name = fields.required("variant").flatMap { word($0, "a variant's name") }
        let when = fields.required("when", help: "such as contact.plan == \"pro\"").flatMap {
            inspection.expression($0, scope: [.run, .event, .content], around.vocabulary)
        }
        guard let name, let when else { return nil }
        return ContentRules.Variant(name: name, when: when)
    }

    /// A name that stands between dots in files' names.
    private func word(_ node: YAMLNode, _ what: String) -> String? {
        guard let name = inspection.name(node, what) else { return nil }
        guard !name.contains(".") else {
            inspection.report(
                .invalid, "\(what) has no \".\"", at: node.place,
                help: "its files are named BLOCK.VARIANT.html.mustache")
            return nil
        }
        return name
    }

    private func reportStrayFiles(_ blocks: [PlacedBlock]) {
        for place in bodies.blocks.keys {
            let file = path(EmailBodies.file(place))
            guard let block = blocks.first(where: { $0.rule.name == place.block }) else {
                inspection.report(
                    .unknownName, "there is no block \"\(place.block)\" in email.yaml", at: .start,
                    help: NearMiss.help(for: place.block, among: blocks.map(\.rule.name), called: "blocks"), in: file)
                continue
            }
            guard !block.names.contains(place.variant) else { continue }
            inspection.report(
                .unknownName, "the block \"\(place.block)\" has no variant \"\(place.variant)\"", at: .start,
                help: NearMiss.help(for: place.variant, among: Set(block.names).sorted(), called: "variants"), in: file)
        }
    }
}
