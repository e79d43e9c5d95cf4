import Model
import Store

/// How often a step's mails were opened and clicked by readers who have not consented to being known by it.
struct UntrackedStep {
    let step: String
    let counts: [MailCounts.Key: Int64]

    private func sum(_ kind: MailCounts.Kind, by visitor: String? = nil) -> Int64 {
        counts.filter { $0.key.kind == kind && $0.key.visitor == visitor ?? $0.key.visitor }.values.reduce(0, +)
    }

    var words: String {
        let (clicks, people) = (sum(.click), sum(.click, by: "human"))
        let machines = clicks > people ? ", \((clicks - people).grouped) by machines" : ""
        return """
            \(step), untracked: \(sum(.open).grouped) opened · \(people.grouped) clicked\(machines)
            """
    }

    var json: JSON {
        func object(_ kind: MailCounts.Kind) -> JSON {
            .object(
                Dictionary(counts.filter { $0.key.kind == kind }.map { ($0.key.visitor, JSON.int($0.value)) }) {
                    first, _ in
                    first
                })
        }
        return .object(["step": .string(step), "opens": object(.open), "clicks": object(.click)])
    }
}
