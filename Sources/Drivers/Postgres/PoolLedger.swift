/// Who has which connection, and who waits for one: the pool's decisions, without its I/O.
struct PoolLedger<Connection: Sendable, Waiter: Sendable>: Sendable {
    enum Taking: Sendable {
        /// Use this one.
        case take(Connection)
        /// Make another; it counts as lent. ``noteClosed()`` if it cannot be made.
        case make
        /// All that will do are in use: ``enqueue(_:as:)``.
        case wait
        case closed
    }

    enum Returning: Sendable {
        case handOver(Connection, to: Waiter)
        case keep
        /// Close it, then call ``noteClosed()``.
        case close(Connection)
    }

    private let capacity: Int
    private var idle: [Connection] = []
    private var waiters: [(id: UInt64, waiter: Waiter)] = []
    private var lastID: UInt64 = 0
    private var made = 0
    private(set) var isClosing = false

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// No connection is left, and none will be made.
    var isClosed: Bool { isClosing && made == 0 }

    var waiterCount: Int { waiters.count }

    /// Lends a connection that is open where one is idle, and another only if there is none.
    ///
    /// - Parameters:
    ///   - mayOpen: whether to open another at all, rather than wait for one that is lent to come back.
    ///   - isOpen: asked of idle ones, whose state changes by itself.
    mutating func take(mayOpen: Bool = true, isOpen: (Connection) -> Bool) -> Taking {
        if isClosing { return .closed }
        // The last one returned: its thread is the likeliest to be awake.
        if let index = idle.lastIndex(where: isOpen) { return .take(idle.remove(at: index)) }
        if !mayOpen, made > idle.count { return .wait }
        return takeUnopened(isOpen: isOpen)
    }

    /// Lends a connection that is still to be opened.
    mutating func takeUnopened(isOpen: (Connection) -> Bool) -> Taking {
        if isClosing { return .closed }
        if let index = idle.firstIndex(where: { !isOpen($0) }) { return .take(idle.remove(at: index)) }
        guard made < capacity else { return .wait }
        made += 1
        return .make
    }

    mutating func newID() -> UInt64 {
        lastID += 1
        return lastID
    }

    mutating func enqueue(_ waiter: Waiter, as id: UInt64) {
        waiters.append((id, waiter))
    }

    /// Takes a waiter out of the queue; nil if it has been served.
    mutating func remove(_ id: UInt64) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).waiter
    }

    mutating func put(_ connection: Connection) -> Returning {
        if isClosing { return .close(connection) }
        guard !waiters.isEmpty else {
            idle.append(connection)
            return .keep
        }
        return .handOver(connection, to: waiters.removeFirst().waiter)
    }

    /// Lends nothing more; returns what to close now and whom to refuse.
    mutating func beginClosing() -> (idle: [Connection], waiters: [Waiter]) {
        isClosing = true
        defer {
            idle = []
            waiters = []
        }
        return (idle, waiters.map(\.waiter))
    }

    mutating func noteClosed() {
        made -= 1
    }
}
