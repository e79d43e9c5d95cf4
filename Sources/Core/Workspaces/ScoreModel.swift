public import Expressions
import JourneyProgram
public import Model
import Scores

/// A score: how events give points, and how these fade.
public struct ScoreModel: Sendable {
    public let name: String
    /// nil: points do not fade.
    public let halfLife: Span?
    public let rules: [PointRule]
}

/// Points that one kind of event gives.
public struct PointRule: Sendable {
    public let event: String
    /// Thousandths of a point, within `ScoreArithmetic.largestPoints` either way.
    public let points: Int64
    /// Sees the event only.
    public let when: Expression?
}

extension ScoreModel {
    /// Whether an event of this name may give points.
    public func mentions(_ event: String) -> Bool { rules.contains { $0.event == event } }

    /// What an event adds to which epoch's sum; nil where no rule fits or the fitting ones add up to nothing.
    public func contribution(of event: HistoryEvent) -> (epoch: Int64, amount: Int64)? {
        var total: (epoch: Int64, amount: Int64)?
        for rule in rules where rule.fits(event) {
            let term = ScoreArithmetic.term(points: rule.points, at: event.at, halfLife: halfLife)
            total = (term.epoch, ScoreArithmetic.sum(total?.amount ?? 0, term.amount))
        }
        return total?.amount == 0 ? nil : total
    }
}

extension PointRule {
    /// Whether an event earns the points.
    public func fits(_ event: HistoryEvent) -> Bool {
        guard self.event == event.name else { return false }
        return when?.holds(in: EventOnly(now: event.at, event: event.view)).holds ?? true
    }
}

/// A world of one event and nothing else.
private struct EventOnly: EvaluationContext {
    var now: Timestamp
    var event: JSON?
    var contact: JSON { .null }
    var stage: String? { nil }
    var history: History { History() }
    var runStart: HistoryPosition? { nil }
    func consented(_ topic: String) -> Bool { false }
    func score(_ model: String) -> Double { 0 }
    func halfLife(ofScore model: String) -> Span? { nil }
}
