import Contracts
import Messaging
import Model

/// How the events of a group lie in bodies that each fit a frame of the broker.
struct GroupBodies {
    /// Events of one sender that stand in one body.
    fileprivate struct Part {
        var drafts: DraftEvents
        var range: Range<Int>
        var receivedAt: Timestamp
    }

    struct Body {
        let id: UniqueID
        fileprivate var parts: [Part] = []

        /// - Parameter stamp: the instant of the whole group where domain time is stepped.
        func encoded(stamp: Timestamp?) -> [UInt8] {
            let size = parts.reduce(0) { $0 + $1.drafts.size(of: $1.range) }
            return EventBatch.body(id: id, count: parts.reduce(0) { $0 + $1.range.count }, size: size) { body in
                for part in parts { part.drafts.write(part.range, receivedAt: stamp ?? part.receivedAt, to: &body) }
            }
        }
    }

    private(set) var bodies: [Body] = []
    /// For each entry of the group, the bodies that hold its events.
    private(set) var places: [ClosedRange<Int>] = []

    /// - Parameter limit: bytes of a body; a single larger event is a body of its own.
    init(
        _ group: [(drafts: DraftEvents, receivedAt: Timestamp)], limit: Int = Publisher.preferredBodyLimit,
        freshID: () -> UniqueID
    ) {
        var room = 0
        for (drafts, receivedAt) in group {
            var next = 0
            var first: Int?
            while next < drafts.count {
                var count = drafts.count(from: next, within: room)
                if count == 0 {
                    bodies.append(Body(id: freshID()))
                    room = limit - EventBatch.bodyOverhead
                    count = max(1, drafts.count(from: next, within: room))
                }
                let range = next..<next + count
                bodies[bodies.count - 1].parts.append(Part(drafts: drafts, range: range, receivedAt: receivedAt))
                room -= drafts.size(of: range)
                first = first ?? bodies.count - 1
                next += count
            }
            places.append((first ?? 0)...max(first ?? 0, bodies.count - 1))
        }
    }
}
