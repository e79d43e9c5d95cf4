import Model
import Store

extension TestResults.Result {
    /// `test news of journey weekly, runs of …: news-b won (news-a 12 of 100, news-b 31 of 100), decided at …`.
    var words: String {
        let told = scores.map { "\(Console.safe($0.variant)) \($0.counted.grouped) of \($0.sent.grouped)" }
        return "test \(Console.safe(place.step)) of \(Console.safe(place.journey)) at \(place.entryAt): "
            + "\(Console.safe(winner)) won (\(told.joined(separator: ", "))), decided at \(decidedAt)"
    }

    var json: JSON {
        .object([
            "workspace_id": .int(Int64(place.workspace.rawValue)), "journey": .string(place.journey),
            "step": .string(place.step), "entry_at": .string(place.entryAt.description), "winner": .string(winner),
            "scores": .array(scores.map(\.json)), "decided_at": .string(decidedAt.description),
        ])
    }
}
