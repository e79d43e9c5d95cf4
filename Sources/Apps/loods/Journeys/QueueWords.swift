import Model
import Store

extension Turns.Queue {
    /// `throttle of trial: 1,204 runs wait for their turn, the first since 2026-03-02T09:00:00Z; the next begins …`.
    var words: String {
        let head =
            "throttle of \(Console.safe(place.journey)): \(Int(waiting).counted("run")) "
            + "\(waiting == 1 ? "waits" : "wait") for \(waiting == 1 ? "its" : "their") turn, the first since \(since)"
        return head + (isPaused ? "; its journey is paused" : "; the next begins at \(nextAt)")
    }

    var json: JSON {
        .object([
            "workspace_id": .int(Int64(place.workspace.rawValue)), "journey": .string(place.journey),
            "waiting": .int(waiting), "since": .string(since.description), "next_at": .string(nextAt.description),
            "paused": .bool(isPaused),
        ])
    }
}
