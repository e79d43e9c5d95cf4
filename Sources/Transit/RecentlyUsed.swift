/// A dictionary of bounded size: what has not been used for longest makes room for what is new.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var entries: [Key: (value: Value, used: UInt64)] = [:]
    private var uses: UInt64 = 0
    private let limit: Int

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { entries.count }

    /// Reading counts as use. A nil that is set removes.
    subscript(key: Key) -> Value? {
        mutating get {
            uses += 1
            entries[key]?.used = uses
            return entries[key]?.value
        }
        set {
            uses += 1
            if newValue != nil, entries[key] == nil, entries.count == limit { dropOldest() }
            entries[key] = newValue.map { ($0, uses) }
        }
    }

    /// Looks at all of them, which is little beside reading and parsing what comes in its place.
    private mutating func dropOldest() {
        guard let oldest = entries.min(by: { $0.value.used < $1.value.used }) else { return }
        entries[oldest.key] = nil
    }
}
