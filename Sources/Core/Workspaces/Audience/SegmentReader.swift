import Expressions

/// Reads one of `segments/*.yaml`.
struct SegmentReader {
    private static let keys = ["segment", "stage", "when", "description"]

    /// A segment with the place of its condition, for faults that show only among all of them.
    struct Placed {
        var segment: Segment
        var place: YAMLNode.Place
    }

    private let inspection: Inspection
    private let vocabulary: Vocabulary

    init(_ inspection: Inspection, _ vocabulary: Vocabulary) {
        self.inspection = inspection
        self.vocabulary = vocabulary
    }

    /// The name alone, for others to refer to; nil where there is none that could be read. Reports nothing.
    static func name(in file: YAMLFile) -> String? {
        file.root.members?.first { $0.key == "segment" }?.value.text
    }

    func read() -> Placed? {
        guard let fields = Fields(inspection.file.root, of: "a segment", keys: Self.keys, in: inspection) else {
            return nil
        }
        let name = fields.required("segment").flatMap { inspection.name($0, "a segment's name") }
        let stage = fields["stage"].map(self.stage)
        let description = fields["description"].flatMap { inspection.text($0, "a description") }
        guard let node = fields.required("when", help: "such as did(\"Order Completed\")") else { return nil }
        guard let when = inspection.expression(node, scope: .audience, vocabulary), let name else { return nil }
        let segment = Segment(
            name: name, stage: stage ?? nil, when: when, description: description, file: inspection.file.name)
        return Placed(segment: segment, place: node.place)
    }

    private func stage(_ node: YAMLNode) -> String? {
        guard let known = vocabulary.stages else { return inspection.text(node, "a stage") }
        return inspection.reference(node, "stage", among: known.sorted(), called: "stages")
    }
}

/// Segments in an order in which each comes after those that it asks for.
struct SegmentOrder {
    private(set) var ordered: [Segment] = []
    /// The first circle found: names, the first of them again at the end.
    private(set) var circle: [String]?
    private var states: [String: State] = [:]
    private let byName: [String: Segment]

    private enum State { case open, done }

    init(_ segments: [Segment]) {
        byName = Dictionary(segments.map { ($0.name, $0) }) { first, _ in first }
        for segment in segments.sorted(by: { $0.name < $1.name }) where circle == nil {
            visit(segment, from: [])
        }
    }

    private mutating func visit(_ segment: Segment, from path: [String]) {
        switch states[segment.name] {
        case .done: return
        case .open:
            let start = path.firstIndex(of: segment.name) ?? 0
            circle = circle ?? path[start...] + [segment.name]
            return
        case nil: break
        }
        states[segment.name] = .open
        for name in segment.when.mentionedSegments.sorted() where circle == nil {
            if let other = byName[name] { visit(other, from: path + [segment.name]) }
        }
        states[segment.name] = .done
        ordered.append(segment)
    }
}
