import Synchronization

/// How old the bodies are that this process's consumers hold; the oldest of a queue's lane is always in somebody's hands
/// while anybody takes from it, since queues hand out their oldest first.
public final class HeldBodies: Sendable {
    /// The oldest body of one lane.
    public struct Oldest: Sendable, Hashable {
        public var queue: QueueName
        public var lane: Lane
        /// Since it was published, by the clocks of both hosts; nil where its publisher did not say.
        public var age: Duration?
    }

    private struct Place: Hashable {
        var queue: QueueName
        var lane: Lane
    }

    /// When the oldest that is held was published, in milliseconds since 1970: nil where none is held, 0 where unknown.
    typealias Look = @Sendable (Lane) -> Int64?
    private let looks = Mutex<[QueueName: Look]>([:])

    func set(_ queue: QueueName, _ look: Look?) { looks.withLock { $0[queue] = look } }

    /// Of every lane in which anything is held.
    public var oldest: [Oldest] {
        let now = WallClock.milliseconds
        return looks.withLock { $0 }.flatMap { queue, look in
            queue.lanes.compactMap { lane in
                look(lane).map { at in
                    Oldest(queue: queue, lane: lane, age: at > 0 ? .milliseconds(max(0, now - at)) : nil)
                }
            }
        }
    }
}
