import Contracts
import Messaging
import Model

/// How the events of a group lie in bodies that each fit a frame of the broker.
struct GroupBodies {
    struct Body {
        let id: UniqueID
        var events: [(draft: DraftEvent, receivedAt: Timestamp)] = []

        /// - Parameter stamp: the instant of the whole group where domain time is stepped.
        func encoded(stamp: Timestamp?) -> [UInt8] {
            EventBatch(id: id, events: events.map { $0.draft.received(at: stamp ?? $0.receivedAt) }).encoded
        }
    }

    private(set) var bodies: [Body] = []
    /// For each entry of the group, the bodies that hold its events.
    private(set) var places: [ClosedRange<Int>] = []

    init(
        _ group: [(drafts: [DraftEvent], receivedAt: Timestamp)], limit: Int = Publisher.preferredBodyLimit,
        freshID: () -> UniqueID
    ) {
        var room = 0
        for entry in group {
            var first: Int?
            for draft in entry.drafts {
                if draft.size > room {
                    bodies.append(Body(id: freshID()))
                    room = limit
                }
                room -= draft.size
                bodies[bodies.count - 1].events.append((draft, entry.receivedAt))
                first = first ?? bodies.count - 1
            }
            places.append((first ?? 0)...max(first ?? 0, bodies.count - 1))
        }
    }
}
