import Model
import SendGate

/// Reads `hold_out` of `workspace.yaml`.
struct HoldOutReader {
    private let inspection: Inspection
    private let topics: [String]

    /// - Parameter topics: those that mails may be of.
    init(_ inspection: Inspection, topics: [String]) {
        self.inspection = inspection
        self.topics = topics
    }

    func read(_ node: YAMLNode, of workspace: String) -> HoldOut? {
        let keys = ["share", "topics", "group"]
        guard let fields = Fields(node, of: "\"hold_out\"", keys: keys, in: inspection) else { return nil }
        let share = fields.required("share", help: "such as 5%").flatMap {
            // Who holds out more than half has no marketing to measure.
            inspection.percent($0, "\"share\"", most: HoldOut.whole / 2)
        }
        let group = fields["group"].map { inspection.name($0, "a group's name") } ?? ""
        let topics = fields["topics"].map(self.topics) ?? []
        guard let share, let group, let topics else { return nil }
        return HoldOut(share: share, topics: Set(topics), of: workspace, group: group)
    }

    /// Nil where one is at fault.
    private func topics(_ node: YAMLNode) -> [String]? {
        let nodes = node.elements ?? [node]
        guard !nodes.isEmpty else {
            inspection.report(
                .invalid, "this hold-out is from no topic", at: node.place, help: "without \"topics\" it is from all")
            return nil
        }
        let known = nodes.compactMap { inspection.reference($0, "topic", among: topics, called: "topics") }
        return known.count == nodes.count ? known : nil
    }
}
