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
    let places: Int
    private let size: (Entry) -> Int
    private let isAwaited: (Entry) -> Bool

    private var waiting: [Entry] = []
    private(set) var isPublishing = false
    private(set) var isClosed = false
    /// Bytes of all entries that wait or are being published.
    private(set) var heldBytes = 0
    /// How many of them somebody waits for.
    private(set) var awaited = 0

    /// - Parameters:
    ///   - capacity: bytes that may be held in all.
    ///   - groupLimit: bytes of a group; a single larger entry is a group of its own.
    ///   - places: entries that somebody waits for, and so keeps a connection open.
    init(
        capacity: Int, groupLimit: Int, places: Int = .max, size: @escaping (Entry) -> Int,
        isAwaited: @escaping (Entry) -> Bool = { _ in false }
    ) {
        self.capacity = capacity
        self.groupLimit = groupLimit
        self.places = places
        self.size = size
        self.isAwaited = isAwaited
    }

    var isEmpty: Bool { waiting.isEmpty && !isPublishing }

    mutating func admit(_ entry: Entry) -> Admission {
        if isClosed { return .closed }
        let bytes = size(entry)
        guard heldBytes + bytes <= capacity else { return .full }
        if isAwaited(entry) {
            guard awaited < places else { return .full }
            awaited += 1
        }
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
        forget(group)
        heldBytes += kept.reduce(0) { $0 + size($1) }
        awaited += kept.count(where: isAwaited)
        waiting.insert(contentsOf: kept, at: 0)
    }

    /// Takes out all that waits.
    mutating func drain() -> [Entry] { take { _ in true } }

    /// Takes out what waits and is like this; what is being published stays.
    mutating func take(where isTaken: (Entry) -> Bool) -> [Entry] {
        let taken = waiting.filter(isTaken)
        guard !taken.isEmpty else { return [] }
        waiting.removeAll(where: isTaken)
        forget(taken)
        return taken
    }

    private mutating func forget(_ entries: [Entry]) {
        heldBytes -= entries.reduce(0) { $0 + size($1) }
        awaited -= entries.count(where: isAwaited)
    }

    /// Admits nothing more; what waits is still published.
    mutating func close() { isClosed = true }
}
