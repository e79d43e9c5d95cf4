import Contracts
import Model

/// Brings events into (time, event id) order, however many there are: what one run has no room for goes to temporary
/// files, which are merged.
struct EventSorting {
    /// Runs of one level that are merged into one of the next; so many files of a level are open at most.
    private static let fanIn = 32

    /// Bytes of events to hold in memory.
    private static let room = 64_000_000

    private let most: Int
    private var held: [AcceptedEvent] = []
    private var heldBytes = 0
    /// The longest runs stand at the end; within a level, the earliest first.
    private var levels: [[SortedRun]] = []
    private(set) var count = 0

    /// - Parameter most: how many events to hold in memory.
    init(most: Int) { self.most = most }

    mutating func add(_ event: AcceptedEvent) throws {
        held.append(event)
        heldBytes += event.size
        count += 1
        if held.count >= most || heldBytes >= Self.room { try spill() }
    }

    /// All events in order; nothing can be added any more.
    mutating func sorted() throws -> SortedEvents {
        defer { (held, levels) = ([], []) }
        if levels.isEmpty { return SortedEvents([.events(Self.ordered(held)[...])], count: count) }
        if !held.isEmpty { try spill() }
        return SortedEvents(try levels.reversed().joined().map { .file(try $0.reader()) }, count: count)
    }

    private mutating func spill() throws {
        var run = try SortedRun()
        for event in Self.ordered(held) { try run.append(event) }
        try run.finish()
        (held, heldBytes) = ([], 0)
        try keep(run, at: 0)
    }

    private mutating func keep(_ run: SortedRun, at level: Int) throws {
        if levels.count == level { levels.append([]) }
        levels[level].append(run)
        guard levels[level].count == Self.fanIn else { return }
        var events = SortedEvents(try levels[level].map { .file(try $0.reader()) }, count: count)
        levels[level] = []
        var merged = try SortedRun()
        while let event = try events.next() { try merged.append(event) }
        try merged.finish()
        try keep(merged, at: level + 1)
    }

    /// Of equal places the earlier row stays before the later.
    private static func ordered(_ events: [AcceptedEvent]) -> [AcceptedEvent] {
        let order = events.indices.sorted { left, right in
            if events[left].comes(before: events[right]) { return true }
            return events[right].comes(before: events[left]) ? false : left < right
        }
        return order.map { events[$0] }
    }
}

extension AcceptedEvent {
    /// The order in which rules and journeys see events: by time, then by the bytes of the id.
    func comes(before other: AcceptedEvent) -> Bool {
        if at != other.at { return at < other.at }
        return eventID.utf8.lexicographicallyPrecedes(other.eventID.utf8)
    }
}
