import Expressions
import Model
import Scores

/// Reads the rules of a score.
struct PointsReader {
    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    /// What an event gives.
    ///
    /// - Parameter expiry: the score's own, where the rule has none.
    func rule(_ node: YAMLNode, expiry: Span?) -> PointRule? {
        let keys = ["event", "points", "when", "cap", "expires"]
        guard let fields = Fields(node, of: "a rule", keys: keys, in: inspection) else { return nil }
        let event = fields.required("event").flatMap(inspection.event)
        let points = fields.required("points").flatMap(self.points)
        let when = fields["when"].flatMap(self.condition)
        let cap = fields["cap"].flatMap(self.cap)
        let own = fields["expires"].flatMap(self.expiry)
        guard let event, let points else { return nil }
        return PointRule(event: event, points: points, when: when, cap: cap, expiry: own ?? expiry)
    }

    /// What attributes give.
    func fitRule(_ node: YAMLNode) -> FitRule? {
        guard let fields = Fields(node, of: "a fit rule", keys: ["when", "points"], in: inspection) else { return nil }
        let points = fields.required("points").flatMap(self.points)
        let when = fields.required("when").flatMap(self.fitCondition)
        guard let points, let when else { return nil }
        return FitRule(when: when, points: points)
    }

    func expiry(_ node: YAMLNode) -> Span? {
        guard let span = inspection.span(node, "how long points count") else { return nil }
        guard ScoreArithmetic.expiries.contains(span) else {
            inspection.report(.invalid, "points count for a minute at least and ten years at most", at: node.place)
            return nil
        }
        return span
    }

    private func condition(_ node: YAMLNode) -> Expression? {
        guard let condition = inspection.expression(node, scope: .event, .unchecked) else { return nil }
        guard condition.seesNothingElse, !condition.usesContact else {
            inspection.report(
                .expression, "a point rule sees the event only", at: node.place,
                help: "such as event.properties.value > 100")
            return nil
        }
        return condition
    }

    private func fitCondition(_ node: YAMLNode) -> Expression? {
        guard let condition = inspection.expression(node, scope: .audience, .unchecked) else { return nil }
        guard condition.seesNothingElse else {
            inspection.report(
                .expression, "a fit rule sees the contact's attributes only", at: node.place,
                help: "such as contact.country == \"NL\"")
            return nil
        }
        return condition
    }

    private func cap(_ node: YAMLNode) -> PointCap? {
        guard let fields = Fields(node, of: "a cap", keys: ["per_day", "total"], in: inspection) else { return nil }
        let cap = PointCap(perDay: fields["per_day"].flatMap(count), total: fields["total"].flatMap(count))
        if fields["per_day"] == nil, fields["total"] == nil {
            inspection.report(
                .missing, "a cap says \"per_day\", \"total\" or both", at: node.place, help: "such as {per_day: 3}")
        }
        return cap.perDay == nil && cap.total == nil ? nil : cap
    }

    private func count(_ node: YAMLNode) -> Int? {
        if let count = node.text.flatMap(Int.init), (1...PointCap.limit).contains(count) { return count }
        inspection.report(.invalid, "a cap is a number of events from 1 to \(PointCap.limit)", at: node.place)
        return nil
    }

    /// In thousandths.
    func points(_ node: YAMLNode) -> Int64? {
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
            text.utf8.count(where: { $0 == 43 || $0 == 45 }) <= 1, parts[0].utf8.count <= 12,
            let whole = Int64(parts[0])
        else { return nil }
        let decimals = parts.count == 2 ? String(parts[1]) : ""
        guard decimals.utf8.count <= 3, let fraction = Int64(decimals.padded(to: 3)) else { return nil }
        return (whole * 1000 + fraction) * (isNegative ? -1 : 1)
    }
}

extension Expression {
    /// Whether it asks for nothing that happened or was decided, attributes and the event at hand aside.
    fileprivate var seesNothingElse: Bool {
        mentionedEvents.isEmpty && mentionedScores.isEmpty && mentionedTopics.isEmpty
            && mentionedSegments.isEmpty && !usesStage && !usesRun
    }
}

extension String {
    fileprivate func padded(to length: Int) -> String { self + String(repeating: "0", count: length - utf8.count) }
}
