import Metrics
import Model
import Store

/// Counts what looking at contacts took and came to.
struct AudienceTally: Sendable {
    private let evaluations = Counter(label: "loods_audience_evaluations_total")
    private let conditions = Counter(label: "loods_audience_conditions_total")
    private let moves: [SegmentMembers.Cause: Counter]

    init() {
        let causes: [SegmentMembers.Cause] = [.event, .time, .backfill]
        moves = Dictionary(
            uniqueKeysWithValues: causes.map {
                ($0, Counter(label: "loods_segment_moves_total", dimensions: [("cause", $0.rawValue)]))
            })
    }

    func add(_ account: AudienceAccount) {
        evaluations.increment(by: account.evaluations)
        conditions.increment(by: account.conditions)
        for (cause, count) in account.moves { moves[cause]?.increment(by: count) }
    }
}
