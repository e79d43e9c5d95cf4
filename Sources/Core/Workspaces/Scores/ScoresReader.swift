import Expressions
import JourneyProgram
import Model
import Scores

/// Reads `scores.yaml`.
struct ScoresReader {
    private let inspection: Inspection
    private let zone: LocalZone

    init(_ inspection: Inspection, zone: LocalZone) {
        self.inspection = inspection
        self.zone = zone
    }

    func read() -> [ScoreModel]? {
        guard let fields = Fields(inspection.file.root, of: "scores.yaml", keys: ["scores"], in: inspection) else {
            return nil
        }
        var scores: [ScoreModel] = []
        for node in fields.list("scores") ?? [] {
            guard let score = score(node) else { continue }
            if scores.contains(where: { $0.name == score.name }) {
                inspection.report(.duplicate, "the score \"\(score.name)\" stands twice", at: node.place)
            } else {
                scores.append(score)
            }
        }
        return scores
    }

    private static let keys = ["score", "half_life", "expires", "points", "fit", "bands"]

    private func score(_ node: YAMLNode) -> ScoreModel? {
        guard let fields = Fields(node, of: "a score", keys: Self.keys, in: inspection) else { return nil }
        let halfLife = fields["half_life"].flatMap(self.halfLife)
        let expiry = fields["expires"].flatMap(self.expiry)
        if fields["fit"] == nil, fields.required("points") == nil { return nil }
        let reader = PointsReader(inspection)
        let rules = (fields.list("points") ?? []).compactMap { reader.rule($0, expiry: expiry) }
        let fit = (fields.list("fit") ?? []).compactMap(reader.fitRule)
        let bands = BandsReader(inspection).read(fields.list("bands") ?? [])
        guard let name = fields.required("score").flatMap({ inspection.name($0, "a score's name") }) else { return nil }
        if rules.count > Int(Int16.max) {
            inspection.report(.invalid, "a score has \(Int16.max) rules at most", at: node.place)
            return nil
        }
        return ScoreModel(
            name: name, halfLife: halfLife, rules: rules, fit: fit, bands: bands, expiry: expiry, zone: zone)
    }

    private func halfLife(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "a half-life") else { return nil }
        guard ScoreArithmetic.halfLives.contains(span) else {
            inspection.report(.invalid, "a half-life lies between an hour and ten years", at: node.place)
            return nil
        }
        return span
    }

    private func expiry(_ node: YAMLNode) -> Span? { PointsReader(inspection).expiry(node) }
}
