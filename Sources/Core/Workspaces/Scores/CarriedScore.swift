public import Expressions
public import Model
public import Scores

/// What one subject's events that the log no longer has gave by one model, so that a score can be counted afresh without them.
///
/// Of capped rules it holds the events that would count if there were no others: an event that others of its own subject
/// shut out is shut out whoever the subject turns out to be.
public struct CarriedScore: Sendable, Hashable {
    /// What rules without a cap gave.
    public var balance = ScoreBalance()
    public var counted: [ScoreBook.Slot: CountedEvents] = [:]

    public init() {}

    /// Adds an event, in any order.
    ///
    /// - Throws: `ScoreOverflow`.
    public mutating func add(_ event: HistoryEvent, by model: ScoreModel) throws(ScoreOverflow) {
        for place in model.rules(fitting: event) {
            if let slot = model.slot(of: place, at: event.at), let cap = model.rules[place].cap {
                _ = counted[slot, default: CountedEvents()].admit(event.position, under: cap, day: model.day(of:))
            } else if !balance.add(model.term(of: place, at: event.at)) {
                throw ScoreOverflow(model: model.name)
            }
        }
        guard let given = model.given(by: event) else { return }
        guard balance.add(model.term(of: given, at: event.at)) else { throw ScoreOverflow(model: model.name) }
    }
}

extension ScoreModel {
    /// Names the rules by which events give points: the same for models whose stored sums are the same.
    public var rulesID: UniqueID {
        let isDaily = rules.contains { $0.cap?.perDay != nil }
        let start = UniqueID.derived(
            "loods.score", halfLife?.description ?? "", isDaily ? zone.name : "", "\(rules.count)")
        return rules.reduce(start) { .derived("loods.score.rule", $0.description, $1.parts) }
    }
}

extension PointRule {
    fileprivate var parts: String {
        let pages = pages.flatMap { [$0.pattern.text, $0.stage ?? "", $0.content ?? ""] }
        let parts = [
            event, "\(points)", when?.source ?? "", cap?.perDay.map { "\($0)" } ?? "",
            cap?.total.map { "\($0)" } ?? "", expiry?.description ?? "",
        ]
        return (parts + pages).map { "\($0.utf8.count):\($0)" }.joined()
    }
}
