import Model
import Store

/// A workspace's live revision, and how far the backfill has come.
struct BackfillStanding: Sendable {
    let revision: Int32
    /// Of the last one; nil before the first.
    let progress: Backfills.Progress?

    var isDone: Bool { revision == 0 || progress.map { $0.revision >= revision && $0.endedAt != nil } ?? false }

    var fraction: Double {
        guard let progress, progress.revision >= revision, progress.contacts > 0 else { return isDone ? 1 : 0 }
        return isDone ? 1 : min(0.99, Double(progress.done) / Double(progress.contacts))
    }

    var line: String {
        guard revision > 0 else { return "has no definitions yet" }
        guard let progress, progress.revision >= revision else {
            return "revision \(revision) waits for a scoring process"
        }
        let changed = "\(progress.changed.grouped) changed"
        if let endedAt = progress.endedAt {
            return progress.contacts == 0
                ? "revision \(progress.revision) needed nobody looked at"
                : "revision \(progress.revision) has reached all \(progress.done.counted("contact")), \(changed), at \(endedAt)"
        }
        let percent = Int(fraction * 100)
        return "revision \(progress.revision) has reached \(progress.done.grouped) of "
            + "\(progress.contacts.counted("contact")) (\(percent) %), \(changed), since \(progress.startedAt)"
    }

    var json: JSON {
        .object([
            "revision": .int(Int64(revision)), "done": .bool(isDone),
            "contacts": progress.map { .int($0.contacts) } ?? .null, "reached": progress.map { .int($0.done) } ?? .null,
            "changed": progress.map { .int($0.changed) } ?? .null,
            "started_at": progress.map { .string($0.startedAt.description) } ?? .null,
            "ended_at": progress?.endedAt.map { .string($0.description) } ?? .null,
        ])
    }
}
