import Content
import Model

/// Reads a `postcard.yaml` with its two sides.
struct PostcardReader {
    static let parts = ["postcard.yaml", "front.html.mustache", "back.html.mustache"]

    struct Sides {
        var front: String
        var back: String
    }

    private let inspection: Inspection
    private let name: String
    private let topics: [String]?

    /// - Parameter topics: nil where they could not be read.
    init(_ inspection: Inspection, name: String, topics: [String]?) {
        self.inspection = inspection
        self.name = name
        self.topics = topics
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
        return PostcardDefinition(
            name: name, front: front, back: back, ground: ground, address: address, digest: digest)
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
