/// Which statements one connection has prepared: at most `limit`, the least recently used goes first.
struct StatementCache {
    struct Key: Hashable {
        let sql: String
        let oids: [UInt32]
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    let limit: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    var count: Int { entries.count }

    /// The name under which the statement is prepared.
    mutating func name(of key: Key) -> String? {
        clock += 1
        guard let index = entries.index(forKey: key) else { return nil }
        entries.values[index].lastUse = clock
        return entries.values[index].name
    }

    /// A name that was never used on this connection.
    mutating func freshName() -> String {
        clock += 1
        return "statement_\(clock)"
    }

    /// Notes a prepared statement; returns the name of the one that must make room.
    mutating func insert(_ name: String, for key: Key) -> String? {
        var evicted: String?
        if entries.count >= limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            evicted = oldest.value.name
        }
        entries[key] = Entry(name: name, lastUse: clock)
        return evicted
    }

    mutating func removeAll() {
        entries = [:]
    }
}
