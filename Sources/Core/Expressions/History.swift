public import Model

/// What a contact did, in order of (time, event id), up to a place.
///
/// What is carried over of events that the log no longer has stands before every place: a bounded view shows it too.
///
/// A value: copies share storage, so a bounded view of a long history costs nothing.
public struct History: Sendable {
    private var eventsByName: [String: [HistoryEvent]] = [:]
    private var carried: [String: CarriedTotal]

    /// Events behind this place are not seen; nil sees all. The place's own event is seen.
    public var upTo: HistoryPosition?

    /// Takes events in any order.
    ///
    /// - Parameter carried: per event name, what is left of events that are not among `events`.
    public init(
        _ events: some Sequence<HistoryEvent> = [], carried: [String: CarriedTotal] = [:],
        upTo: HistoryPosition? = nil
    ) {
        self.upTo = upTo
        self.carried = carried
        for event in events { eventsByName[event.name, default: []].append(event) }
        for name in eventsByName.keys { eventsByName[name]?.sort { $0.position < $1.position } }
    }

    /// Adds an event in its place.
    public mutating func insert(_ event: HistoryEvent) {
        let index = (eventsByName[event.name] ?? []).partitionPoint { $0.position <= event.position }
        eventsByName[event.name, default: []].insert(event, at: index)
    }

    /// The same history, seen up to and including a place.
    public func upTo(_ position: HistoryPosition) -> History {
        var history = self
        history.upTo = position
        return history
    }

    /// What is left of the events of one name that the log no longer has; nil where there were none.
    public func carried(named name: String) -> CarriedTotal? { carried.isEmpty ? nil : carried[name] }

    /// The events of one name, oldest first, as far as the log has them.
    ///
    /// - Parameters:
    ///   - after: only events strictly behind this place.
    ///   - since: only events strictly later than this instant.
    public func events(
        named name: String, after: HistoryPosition? = nil, since: Timestamp? = nil
    ) -> ArraySlice<HistoryEvent> {
        guard let events = eventsByName[name] else { return [] }
        var start = 0
        if let after { start = events.partitionPoint { $0.position <= after } }
        if let since { start = max(start, events.partitionPoint { $0.at <= since }) }
        var end = events.count
        if let upTo { end = events.partitionPoint { $0.position <= upTo } }
        return events[min(start, end)..<end]
    }
}

extension Array {
    /// The number of leading elements for which `belongsBefore` holds, in a list where those come first.
    fileprivate func partitionPoint(_ belongsBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
