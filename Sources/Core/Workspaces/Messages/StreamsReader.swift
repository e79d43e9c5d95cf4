public import JourneyProgram
import Model

/// One file of `streams/`: e-mails of which each contact gets each once.
public struct StreamDefinition: Sendable {
    public var stream: Step.Stream
    /// The file that it stands in.
    public var file: String
}

/// Reads `streams/*.yaml`.
struct StreamsReader {
    private static let limit = 200

    private let inspection: Inspection
    private let emails: [String]

    /// - Parameter emails: the names of those that there are.
    init(_ inspection: Inspection, emails: [String]) {
        self.inspection = inspection
        self.emails = emails
    }

    func read() -> Step.Stream? {
        let keys = ["stream", "emails", "description"]
        guard let fields = Fields(inspection.file.root, of: "a stream", keys: keys, in: inspection) else { return nil }
        let name = fields.required("stream").flatMap { inspection.name($0, "a stream's name") }
        if let description = fields["description"] { _ = inspection.text(description, "the description") }
        guard let list = fields.required("emails", help: "in the order in which they are sent") else { return nil }
        guard let nodes = list.elements, !nodes.isEmpty else {
            inspection.report(
                .invalid, "\"emails\" must be a list of e-mails", at: list.place, help: "such as [tip-1, tip-2]")
            return nil
        }
        if let node = nodes.dropFirst(Self.limit).first {
            inspection.report(.invalid, "a stream has more than \(Self.limit) e-mails", at: node.place)
        }
        var templates: [String] = []
        for node in nodes {
            guard let name = inspection.reference(node, "e-mail", among: emails, called: "e-mails") else { continue }
            if templates.contains(name) {
                inspection.report(.duplicate, "the e-mail \"\(name)\" stands twice in this stream", at: node.place)
            } else {
                templates.append(name)
            }
        }
        guard let name, templates.count == nodes.count else { return nil }
        return Step.Stream(name: name, templates: templates)
    }

    /// The name alone, for journeys to refer to.
    static func name(in file: YAMLFile) -> String? {
        file.root.members?.first { $0.key == "stream" }?.value.text
    }
}

// MARK: The step

extension StepsReader {
    /// `{stream: tips, exhausted: [...]}`: sends the next of a stream that the contact has not had.
    func stream(_ node: YAMLNode, depth: Int) -> Step? {
        let keys = ["stream", "step", "late", "on_held", "exhausted"] + Inspection.restraintKeys
        guard let fields = Fields(node, of: "a stream step", keys: keys, in: inspection),
            let reference = fields["stream"]
        else { return nil }
        let known = names.streams.keys.sorted()
        let stream = inspection.reference(reference, "stream", among: known, called: "streams")
        let name = fields["step"].map { inspection.name($0, "a step's name") } ?? stream
        let late = fields["late"].map(self.late)
        let restraint = inspection.restraint(fields)
        let exhausted = fields["exhausted"].map { block($0, "\"exhausted\"", depth: depth + 1) } ?? []
        if let late, late == nil { return nil }
        guard let stream, let name, isNew(name, at: (fields["step"] ?? reference).place) else { return nil }
        // A stream that could not be read has been reported at its place.
        guard let definition = names.streams[stream] ?? nil else { return nil }
        return .stream(
            name: name, definition, guards: Step.Guards(late: late ?? nil, restraint: restraint), exhausted: exhausted)
    }
}
