public import Model

/// One event as conditions see it.
public struct HistoryEvent: Sendable, Hashable {
    /// When it happened, corrected for the sender's clock.
    public var at: Timestamp
    /// Orders events of one instant.
    public var eventID: String
    /// What happened: `Order Completed`.
    public var name: String
    /// A JSON object; anything else counts as empty.
    public var properties: JSON
    /// Where it happened (page, device, place): a JSON object.
    public var context: JSON
    /// What the workspace says of the page it happened on: a JSON object, asked for where a condition sees the event.
    public var page: JSON = .object([:])

    public init(
        at: Timestamp, eventID: String, name: String, properties: JSON = .object([:]), context: JSON = .object([:])
    ) {
        self.at = at
        self.eventID = eventID
        self.name = name
        self.properties = properties
        self.context = context
    }

    /// Its place in the order of events.
    public var position: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }
}

/// A place in the order of events: by time, then by event id.
///
/// Ids compare by their UTF-8 bytes, as PostgreSQL's collation "C" does.
public struct HistoryPosition: Sendable, Hashable, Comparable {
    /// The instant, which orders first.
    public var at: Timestamp
    /// nil stands behind every event of that instant.
    public var eventID: String?

    public init(at: Timestamp, eventID: String) {
        self.at = at
        self.eventID = eventID
    }

    private init(endOf at: Timestamp) { self.at = at }

    /// The place behind every event of that instant.
    public static func end(of at: Timestamp) -> HistoryPosition { HistoryPosition(endOf: at) }

    public static func == (left: HistoryPosition, right: HistoryPosition) -> Bool {
        guard left.at == right.at else { return false }
        guard let leftID = left.eventID, let rightID = right.eventID else { return left.eventID == right.eventID }
        return leftID.utf8.elementsEqual(rightID.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(at)
        guard var eventID else { return }
        eventID.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    public static func < (left: HistoryPosition, right: HistoryPosition) -> Bool {
        guard left.at == right.at else { return left.at < right.at }
        guard let leftID = left.eventID else { return false }
        guard let rightID = right.eventID else { return true }
        return leftID.utf8.comesBefore(rightID.utf8)
    }
}

extension String.UTF8View {
    /// The order of bytes, as `lexicographicallyPrecedes` has it.
    @inline(__always)
    func comesBefore(_ other: String.UTF8View) -> Bool {
        let order = withContiguousStorageIfAvailable { left in
            other.withContiguousStorageIfAvailable { right in left.comesBefore(right) }
        }
        return (order ?? nil) ?? lexicographicallyPrecedes(other)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func comesBefore(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        let shared = Swift.min(count, other.count)
        var place = 0
        while place < shared {
            if self[place] != other[place] { return self[place] < other[place] }
            place += 1
        }
        return count < other.count
    }
}
