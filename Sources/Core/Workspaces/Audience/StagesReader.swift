import Expressions

/// Reads `stages.yaml`.
struct StagesReader {
    private let inspection: Inspection
    private let vocabulary: Vocabulary

    init(_ inspection: Inspection, _ vocabulary: Vocabulary) {
        self.inspection = inspection
        self.vocabulary = vocabulary
    }

    func read() -> StageSet? {
        let keys = ["stages", "regress"]
        guard let fields = Fields(inspection.file.root, of: "stages.yaml", keys: keys, in: inspection) else {
            return nil
        }
        var stages: [Stage] = []
        for (index, node) in (fields.list("stages") ?? []).enumerated() {
            guard let stage = stage(node, isFirst: index == 0) else { continue }
            if stages.contains(where: { $0.name == stage.name }) {
                inspection.report(.duplicate, "the stage \"\(stage.name)\" stands twice", at: node.place)
            } else {
                stages.append(stage)
            }
        }
        return StageSet(stages: stages, regress: fields["regress"].flatMap(regress) ?? .never)
    }

    private func regress(_ node: YAMLNode) -> Regress? {
        let known = Regress.allCases.map(\.rawValue)
        return inspection.reference(node, "way to regress", among: known, called: "ways")
            .flatMap(Regress.init(rawValue:))
    }

    private func stage(_ node: YAMLNode, isFirst: Bool) -> Stage? {
        guard let fields = Fields(node, of: "a stage", keys: ["stage", "when", "regress"], in: inspection) else {
            return nil
        }
        let name = fields.required("stage").flatMap { inspection.name($0, "a stage's name") }
        let when = fields["when"].map { inspection.expression($0, scope: .audience, vocabulary) }
        if isFirst, let condition = fields["when"] {
            inspection.report(.invalid, "the first stage has no condition: everybody is in it", at: condition.place)
        } else if !isFirst, when == nil {
            inspection.report(.missing, "a stage after the first needs \"when\"", at: node.place)
        }
        if let regress = fields["regress"] {
            inspection.report(
                .invalid, "\"regress\" is said once, for all stages", at: regress.place,
                help: "beside \"stages\", not in one of them")
        }
        if let condition = when ?? nil, !condition.mentionedSegments.isEmpty, let node = fields["when"] {
            inspection.report(
                .expression, "a stage cannot ask for a segment", at: node.place,
                help: "stages come first, and segments may ask for them")
        }
        return name.map { Stage(name: $0, when: when ?? nil) }
    }
}
