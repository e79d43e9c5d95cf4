import Content
import Model

/// Reads a `postcard.yaml` with its two sides.
struct PostcardReader {
    static let parts = ["postcard.yaml", "front.html.mustache", "back.html.mustache"]

    struct Sides {
        var front: String
        var back: String
        /// By the tag in their files' names, those that there are.
        var translations: [String: (front: String?, back: String?)] = [:]

        /// The `nl` and the side of `front.nl.html.mustache`; nil for another file.
        static func part(_ file: String) -> (tag: String, side: String)? {
            let parts = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, ["front", "back"].contains(parts[0]), parts[2] == "html", parts[3] == "mustache"
            else { return nil }
            return (parts[1], parts[0])
        }
    }

    private let inspection: Inspection
    private let name: String
    private let topics: [String]?
    private let locale: LanguageTag?

    /// - Parameters:
    ///   - topics: nil where they could not be read.
    ///   - locale: the workspace's own language.
    init(_ inspection: Inspection, name: String, topics: [String]?, locale: LanguageTag?) {
        self.inspection = inspection
        self.name = name
        self.topics = topics
        self.locale = locale
    }

    func read(_ sides: Sides, digest: UniqueID) -> PostcardDefinition? {
        let root = inspection.file.root
        guard let fields = Fields(root, of: "postcard.yaml", keys: ["topic", "class", "address"], in: inspection) else {
            return nil
        }
        let folder = YAMLNode(place: .start, content: .scalar(name, .doubleQuoted))
        let name = inspection.name(folder, "a postcard's folder")
        let ground = GroundReader(inspection: inspection, topics: topics).read(fields, of: "a postcard")
        let address = fields["address"].map(self.address) ?? PostalAddress()
        let front = side(sides.front, "front.html.mustache")
        let back = side(sides.back, "back.html.mustache")
        guard let name, let ground, let address, let front, let back else { return nil }
        let own = PostcardSides(front: front, back: back)
        return PostcardDefinition(
            name: name, own: own, translations: translations(sides, own), language: locale, ground: ground,
            address: address, digest: digest)
    }

    private func translations(_ sides: Sides, _ own: PostcardSides) -> [LanguageTag: PostcardSides] {
        var translations: [LanguageTag: PostcardSides] = [:]
        for (text, sources) in sides.translations.sorted(by: { $0.key < $1.key }) {
            let file = "\(sources.front == nil ? "back" : "front").\(text).html.mustache"
            let path = "postcards/\(name)/\(file)"
            guard let tag = inspection.language(text, "the file's language", at: .start, in: path) else { continue }
            guard let locale else {
                if topics != nil {
                    inspection.report(
                        .missing, "workspace.yaml does not say which language is the workspace's own", at: .start,
                        help: "give it a \"locale\", such as locale: en", in: path)
                }
                continue
            }
            guard tag != locale else {
                inspection.report(
                    .invalid, "\"\(tag)\" is the workspace's own language", at: .start,
                    help: "its sides are front.html.mustache and back.html.mustache", in: path)
                continue
            }
            var translation = own
            if let source = sources.front, let side = side(source, "front.\(text).html.mustache") {
                translation.front = side
            }
            if let source = sources.back, let side = side(source, "back.\(text).html.mustache") {
                translation.back = side
            }
            translations[tag] = translation
        }
        return translations
    }

    /// Which attributes make the address, where they are not called as its parts are.
    private func address(_ node: YAMLNode) -> PostalAddress? {
        let keys = PostalAddress.parts.map(\.name)
        guard let fields = Fields(node, of: "\"address\"", keys: keys, in: inspection) else { return nil }
        var attributes: [String: String] = [:]
        for key in keys {
            guard let value = fields[key] else { continue }
            guard let attribute = value.text, attribute.isAttributeName else {
                inspection.report(
                    .invalid, "\"\(key)\" names an attribute of the contact", at: value.place,
                    help: "such as address: {postal_code: zip}; by default it is \(key)")
                return nil
            }
            attributes[key] = attribute
        }
        return PostalAddress(attributes)
    }

    // MARK: The sides

    /// Elements that would make something else of the card than a picture of what stands there.
    private static let forbidden = [
        "script", "iframe", "frame", "object", "embed", "link", "meta", "base", "html", "head", "body", "form",
        "portal",
    ]

    private func side(_ source: String, _ part: String) -> Template? {
        let file = "postcards/\(name)/\(part)"
        var isSound = true
        for (number, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let fault = Self.fault(in: line.lowercased()) else { continue }
            isSound = false
            inspection.report(
                .invalid, fault.message, at: YAMLNode.Place(line: number + 1, column: fault.column), help: fault.help,
                in: file)
        }
        do {
            let template = try Template(source, as: .html)
            return isSound ? template : nil
        } catch {
            inspection.report(
                .invalid, "\(error)", at: YAMLNode.Place(line: max(1, error.line ?? 1), column: 1), in: file)
            return nil
        }
    }

    private static func fault(in line: String) -> (message: String, column: Int, help: String)? {
        func column(_ index: String.Index) -> Int { line.distance(from: line.startIndex, to: index) + 1 }
        for name in forbidden {
            for found in line.ranges(of: "<\(name)") where !(line[found.upperBound...].first?.isLetter ?? false) {
                return (
                    "a side of a postcard has no <\(name)>", column(found.lowerBound),
                    "it is a fragment that stands in a page of Loods'"
                )
            }
        }
        for mark in ["src=\"", "src='", "url("] {
            for found in line.ranges(of: mark) {
                let rest = line[found.upperBound...].drop { $0 == "\"" || $0 == "'" || $0 == " " }
                if rest.hasPrefix("data:") || rest.hasPrefix("#") { continue }
                return (
                    "nothing is fetched for a postcard", column(found.lowerBound),
                    "put the picture itself there, as data:image/png;base64,… or as <svg>"
                )
            }
        }
        return nil
    }
}
