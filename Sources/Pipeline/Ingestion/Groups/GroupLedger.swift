/// What waits to be published, and whether something is: the decisions of self-clocking groups, without their effects.
///
/// A group is published at once when none is unconfirmed; what comes meanwhile gathers for the next. So groups grow
/// with the load and nobody waits for a timer.
struct GroupLedger<Entry> {
    enum Admission: Equatable {
        /// The publisher is idle and must be woken.
        case wakes
        /// The entry goes with the next group.
        case gathers
        /// Too much is held in memory.
        case full
        case closed
    }

    let capacity: Int
    let groupLimit: Int
    private let size: (Entry) -> Int

    private var waiting: [Entry] = []
    private var isPublishing = false
    private(set) var isClosed = false
    /// Bytes of all entries that wait or are being published.
    private(set) var heldBytes = 0

    /// - Parameters:
    ///   - capacity: bytes that may be held in all.
    ///   - groupLimit: bytes of a group; a single larger entry is a group of its own.
    init(capacity: Int, groupLimit: Int, size: @escaping (Entry) -> Int) {
        self.capacity = capacity
        self.groupLimit = groupLimit
        self.size = size
    }

    var isEmpty: Bool { waiting.isEmpty && !isPublishing }

    mutating func admit(_ entry: Entry) -> Admission {
        if isClosed { return .closed }
        let bytes = size(entry)
        guard heldBytes + bytes <= capacity else { return .full }
        heldBytes += bytes
        waiting.append(entry)
        return isPublishing || waiting.count > 1 ? .gathers : .wakes
    }

    /// The next group, oldest first; nil where nothing waits or the last group has not ended.
    mutating func begin() -> [Entry]? {
        guard !isPublishing, !waiting.isEmpty else { return nil }
        var bytes = 0
        let count = waiting.firstIndex { entry in
            bytes += size(entry)
            return bytes > groupLimit
        }
        let group = Array(waiting.prefix(max(1, count ?? waiting.count)))
        waiting.removeFirst(group.count)
        isPublishing = true
        return group
    }

    /// Ends the group under way; `kept` go with the next one, before all others.
    mutating func end(_ group: [Entry], keeping kept: [Entry] = []) {
        isPublishing = false
        heldBytes += kept.reduce(0) { $0 + size($1) } - group.reduce(0) { $0 + size($1) }
        waiting.insert(contentsOf: kept, at: 0)
    }

    /// Takes out all that waits.
    mutating func drain() -> [Entry] {
        defer { waiting = [] }
        heldBytes -= waiting.reduce(0) { $0 + size($1) }
        return waiting
    }

    /// Admits nothing more; what waits is still published.
    mutating func close() { isClosed = true }
}
