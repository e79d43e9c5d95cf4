import Model
import Store

extension Broadcasts.Standing {
    /// `broadcast news of 2026-03-02T09:00: walking, 4,000 of 10,000 members, 3,900 entered, 100 passed over`.
    var words: String {
        let head = "broadcast \(Console.safe(place.journey)) of \(place.occurrence): \(state.rawValue)"
        guard state != .missed else { return head + ", it was too late to be sent" }
        return head + ", \(walked.grouped) of \(members.counted("member")), \(entered.grouped) entered, "
            + "\(skipped.grouped) passed over"
    }

    var json: JSON {
        .object([
            "workspace_id": .int(Int64(place.workspace.rawValue)), "journey": .string(place.journey),
            "occurrence": .string(place.occurrence), "version": .int(Int64(version)), "segment": .string(segment),
            "state": .string(state.rawValue), "due_at": .string(dueAt.description),
            "opened_at": .string(openedAt.description), "members": .int(members), "walked": .int(walked),
            "entered": .int(entered), "skipped": .int(skipped),
            "ended_at": endedAt.map { .string($0.description) } ?? .null,
        ])
    }
}
