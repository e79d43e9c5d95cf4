import Expressions
import Model
import Scores

/// Reads `scores.yaml`.
struct ScoresReader {
    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

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

    private func score(_ node: YAMLNode) -> ScoreModel? {
        guard let fields = Fields(node, of: "a score", keys: ["score", "half_life", "points"], in: inspection) else {
            return nil
        }
        let halfLife = fields["half_life"].map(self.halfLife)
        if fields.required("points") == nil { return nil }
        let rules = (fields.list("points") ?? []).compactMap(self.rule)
        guard let name = fields.required("score").flatMap({ inspection.name($0, "a score's name") }) else { return nil }
        return ScoreModel(name: name, halfLife: halfLife ?? nil, rules: rules)
    }

    private func halfLife(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "a half-life") else { return nil }
        guard ScoreArithmetic.halfLives.contains(span) else {
            inspection.report(.invalid, "a half-life lies between an hour and ten years", at: node.place)
            return nil
        }
        return span
    }

    private func rule(_ node: YAMLNode) -> PointRule? {
        guard let fields = Fields(node, of: "a rule", keys: ["event", "points", "when"], in: inspection) else {
            return nil
        }
        let event = fields.required("event").flatMap(inspection.event)
        let points = fields.required("points").flatMap(self.points)
        let when = fields["when"].map(self.condition)
        guard let event, let points else { return nil }
        return PointRule(event: event, points: points, when: when ?? nil)
    }

    private func condition(_ node: YAMLNode) -> Expression? {
        guard let condition = inspection.expression(node, scope: .event, .unchecked) else { return nil }
        guard condition.mentionedEvents.isEmpty, condition.mentionedScores.isEmpty, condition.mentionedTopics.isEmpty,
            condition.mentionedSegments.isEmpty, !condition.usesContact, !condition.usesStage
        else {
            inspection.report(
                .expression, "a point rule sees the event only", at: node.place,
                help: "such as event.properties.value > 100")
            return nil
        }
        return condition
    }

    private func points(_ node: YAMLNode) -> Int64? {
        if let points = node.text.flatMap(Self.thousandths), points.magnitude <= ScoreArithmetic.largestPoints {
            return points
        }
        inspection.report(
            .invalid, "points are a number from -10000 to 10000 with three decimals at most", at: node.place)
        return nil
    }

    /// `-2.5` as −2500, without floating point.
    static func thousandths(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" || $0 == "+" }.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            text.utf8.count(where: { $0 == 43 || $0 == 45 }) <= 1, parts[0].utf8.count <= 6,
            let whole = Int64(parts[0])
        else { return nil }
        let decimals = parts.count == 2 ? String(parts[1]) : ""
        guard decimals.utf8.count <= 3, let fraction = Int64(decimals.padded(to: 3)) else { return nil }
        return (whole * 1000 + fraction) * (isNegative ? -1 : 1)
    }
}

extension String {
    fileprivate func padded(to length: Int) -> String { self + String(repeating: "0", count: length - utf8.count) }
}
