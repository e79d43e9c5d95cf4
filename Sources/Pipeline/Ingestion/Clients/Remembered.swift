import Synchronization

/// What was worked out before, by key: two generations, so that forgetting costs nothing and memory is bounded.
final class Remembered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Generations {
        var young: [Key: Value] = [:]
        var old: [Key: Value] = [:]
    }

    /// Of one generation.
    private let capacity: Int
    private let generations = Mutex(Generations())

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The value of `key`, made where it is not known. Two callers may make it at once.
    func value(of key: Key, _ make: (Key) -> Value) -> Value {
        if let known = generations.withLock({ $0.young[key] }) { return known }
        let value = generations.withLock { $0.old[key] } ?? make(key)
        generations.withLock { generations in
            if generations.young.count >= capacity { generations = Generations(old: generations.young) }
            generations.young[key] = value
        }
        return value
    }
}
