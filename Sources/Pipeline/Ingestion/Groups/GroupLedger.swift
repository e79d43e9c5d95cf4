/// What waits to be published, and whether something is: the decisions of self-clocking groups, without their effects.
///
/// A group is published at once when none is unconfirmed; what comes meanwhile gathers for the next. So groups grow
/// with the load and nobody waits for a timer. Where so much has gathered that waiting for more would make the bodies no
/// larger, it goes beside those that are unconfirmed, up to a bound.
struct GroupLedger<Entry> {
    enum Admission: Equatable {
        /// A group may begin, and nobody has been told.
        case wakes
        /// The entry goes with the next group.
        case gathers
        /// Too much is held in memory.
        case full
        case closed
    }

    let capacity: Int
    let groupLimit: Int
    let plenty: Int
    let atOnce: Int
    let places: Int
    private let size: (Entry) -> Int
    private let isAwaited: (Entry) -> Bool

    private var waiting: [Entry] = []
    private var waitingBytes = 0
    /// Groups that have begun and not ended.
    private(set) var publishing = 0
    private(set) var isClosed = false
    /// Bytes of all entries that wait or are being published.
    private(set) var heldBytes = 0
    /// How many of them somebody waits for.
    private(set) var awaited = 0

    /// - Parameters:
    ///   - capacity: bytes that may be held in all.
    ///   - groupLimit: bytes of a group; a single larger entry is a group of its own.
    ///   - plenty: bytes that need not wait for the groups before them.
    ///   - atOnce: groups that may be unconfirmed together.
    ///   - places: entries that somebody waits for, and so keeps a connection open.
    init(
        capacity: Int, groupLimit: Int, plenty: Int = .max, atOnce: Int = 1, places: Int = .max,
        size: @escaping (Entry) -> Int, isAwaited: @escaping (Entry) -> Bool = { _ in false }
    ) {
        self.capacity = capacity
        self.groupLimit = groupLimit
        self.plenty = plenty
        self.atOnce = atOnce
        self.places = places
        self.size = size
        self.isAwaited = isAwaited
    }

    var isPublishing: Bool { publishing > 0 }
    var isEmpty: Bool { waiting.isEmpty && !isPublishing }

    var mayBegin: Bool {
        !waiting.isEmpty && (!isPublishing || (publishing < atOnce && waitingBytes >= plenty))
    }

    mutating func admit(_ entry: Entry) -> Admission {
        if isClosed { return .closed }
        let bytes = size(entry)
        guard heldBytes + bytes <= capacity else { return .full }
        if isAwaited(entry) {
            guard awaited < places else { return .full }
            awaited += 1
        }
        let mightBegin = mayBegin
        heldBytes += bytes
        waitingBytes += bytes
        waiting.append(entry)
        return mayBegin && !mightBegin ? .wakes : .gathers
    }

    /// The next group, oldest first; nil where nothing waits, or too little to go beside the groups that have not ended.
    mutating func begin() -> [Entry]? {
        guard mayBegin else { return nil }
        var bytes = 0
        let count = waiting.firstIndex { entry in
            bytes += size(entry)
            return bytes > groupLimit
        }
        let group = Array(waiting.prefix(max(1, count ?? waiting.count)))
        waiting.removeFirst(group.count)
        waitingBytes -= total(of: group)
        publishing += 1
        return group
    }

    /// Ends a group under way; `kept` go with the next one, before all others.
    mutating func end(_ group: [Entry], keeping kept: [Entry] = []) {
        publishing -= 1
        forget(group)
        heldBytes += total(of: kept)
        waitingBytes += total(of: kept)
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
        waitingBytes -= total(of: taken)
        forget(taken)
        return taken
    }

    private mutating func forget(_ entries: [Entry]) {
        heldBytes -= total(of: entries)
        awaited -= entries.count(where: isAwaited)
    }

    private func total(of entries: [Entry]) -> Int { entries.reduce(0) { $0 + size($1) } }

    /// Admits nothing more; what waits is still published.
    mutating func close() { isClosed = true }
}
